/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide get ID...`: everything about a task, for people; --json for programs.
 */
#include "cli/cli_client.h"
#include "cli/cli_task.h"
#include "cli/cli_text.h"

#include <stdio.h>

static int get(const struct cli_args *a, struct bide_client *client, const char *id)
{
    struct bide_text task = {0};
    struct bide_task_view view;
    struct bide_error error = {0};
    bool json = cli_args_flag(a, "--json");
    int rc = bide_client_get(client, id, &task, &error);
    if (rc == 0 && json) cli_text_print_json(&task);
    else if (rc == 0) rc = bide_task_view_read(&view, task.p ? task.p : "", &error);
    if (rc == 0 && !json) cli_task_print(&view, &task);
    bide_text_free(&task);
    return rc ? cli_client_failed(client, &error) : CLI_OK;
}

int cli_get(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, -1, &code)) return code;
    struct bide_client *client = cli_client_open(&a, &code);
    for (int i = 0; client && i < a.n_words; i++) {
        if (i && !cli_args_flag(&a, "--json")) putchar('\n');
        int one = get(&a, client, a.words[i]);
        if (!code) code = one;
    }
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
