/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide queue list | show NAME | pause NAME | resume NAME`.
 */
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_text.h"

#include "base/text.h"

#include <stdio.h>

static const char *const actions[] = {"list", "show", "pause", "resume", NULL};

static int check(const struct cli_args *a)
{
    const char *action = a->words[0];
    bool known = false;
    for (size_t i = 0; actions[i]; i++) known = known || strcmp(action, actions[i]) == 0;
    if (!known) {
        const char *near = text_nearest(str_of(action), actions);
        return cli_args_wrong(a, "`%s` is not something to do with a queue%s%s%s", action,
                              near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    }
    bool list = strcmp(action, "list") == 0;
    if (list && a->n_words > 1) return cli_args_wrong(a, "one word too many: `%s`", a->words[1]);
    if (!list && a->n_words < 2)
        return cli_args_wrong(a, "which queue? `bide queue %s NAME`; `bide queue list` has the names", action);
    return CLI_OK;
}

static int act(const struct cli_args *a, struct bide_client *client, struct bide_text *answer, struct bide_error *error)
{
    const char *action = a->words[0], *name = a->words[1];
    if (strcmp(action, "list") == 0) return bide_client_queues(client, answer, error);
    if (strcmp(action, "show") == 0) return bide_client_queue(client, name, answer, error);
    if (strcmp(action, "pause") == 0) return bide_client_queue_pause(client, name, answer, error);
    return bide_client_queue_resume(client, name, answer, error);
}

static int print(const struct cli_args *a, const struct bide_text *answer, struct bide_error *error)
{
    const char *action = a->words[0];
    if (cli_args_flag(a, "--json")) cli_text_print_json(answer);
    else if (strcmp(action, "list") == 0) return cli_fields_print_items(answer, error);
    else if (strcmp(action, "show") == 0) return cli_fields_print(answer, error);
    else printf("%s  %s\n", a->words[1], strcmp(action, "pause") == 0 ? "paused" : "resumed");
    return 0;
}

int cli_queue(int argc, char **argv)
{
    struct cli_args a;
    struct bide_error error = {0};
    struct bide_text answer = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 2, &code)) return code;
    code = check(&a);
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    if (client && (act(&a, client, &answer, &error) || print(&a, &answer, &error)))
        code = cli_client_failed(client, &error);
    bide_text_free(&answer);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
