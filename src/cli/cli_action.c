/* SPDX-License-Identifier: Apache-2.0
 *
 * One request for each action. Lists come out as tables, single things as `path: value` lines.
 */
#include "cli/cli_action.h"

#include "base/limits.h"
#include "base/text.h"
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_text.h"

#include <inttypes.h>
#include <stdio.h>

#define ACTIONS_MAX 16

const struct cli_action *cli_action_of(const struct cli_verb *v)
{
    if (v->run == cli_queue) return cli_queue_actions;
    if (v->run == cli_file) return cli_file_actions;
    if (v->run == cli_notification) return cli_notification_actions;
    return v->run == cli_worker ? cli_worker_actions : NULL;
}

void cli_action_usage(struct buf *b, const struct cli_action *actions)
{
    for (const struct cli_action *c = actions; c->name; c++)
        buf_add_format(b, "%s%s%s%s", c == actions ? "" : " | ", c->name, *c->words ? " " : "", c->words);
}

static int unknown_action(const struct cli_args *a)
{
    const char *names[ACTIONS_MAX + 1] = {NULL}, *what = a->n_words ? a->words[0] : NULL;
    size_t n = 0;
    for (const struct cli_action *c = cli_action_of(a->verb); c->name && n < ACTIONS_MAX; c++) names[n++] = c->name;
    const char *near = what ? text_nearest(str_of(what), names) : NULL;
    if (!what) return cli_args_wrong(a, "what is to be done with a %s? %s, ...", a->verb->name, names[0]);
    if (near)
        return cli_args_wrong(a, "`%s` is not something to do with a %s; did you mean `%s`?", what, a->verb->name,
                              near);
    return cli_args_wrong(a, "`%s` is not something to do with a %s", what, a->verb->name);
}

static int check_words(const struct cli_args *a, const struct cli_action *c)
{
    struct str wanted = str_of(c->words);
    bool many = str_ends(wanted, STR("..."));
    int n = 0;
    for (struct str word; wanted.len > 0; n++) {
        word = str_cut(&wanted, ' ');
        if (a->n_words > n + 1) continue;
        return cli_args_wrong(a, "%.*s is missing: `bide %s %s %s`; `bide %s list` has the names", STR_ARG(word),
                              a->verb->name, c->name, c->words, a->verb->name);
    }
    if (!many && a->n_words > n + 1) return cli_args_wrong(a, "one word too many: `%s`", a->words[n + 1]);
    if (c->sure && !cli_args_flag(a, "--yes")) {
        fprintf(stderr, "bide %s %s: this cannot be undone (%s); with --yes it is done\n", a->verb->name, c->name,
                c->help);
        return CLI_USAGE;
    }
    return CLI_OK;
}

/* Percent-encoded (RFC 3986 section 2.1), so that a name with a slash stays one segment. */
static void add_path(struct buf *b, const char *path, const char *name)
{
    const char *hole = strstr(path, "{}");
    if (!hole) {
        buf_add_text(b, path);
        return;
    }
    buf_add(b, path, (size_t)(hole - path));
    for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
        bool plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p);
        if (plain) buf_add_char(b, (char)*p);
        else buf_add_format(b, "%%%02X", *p);
    }
    buf_add_text(b, hole + 2);
}

static int tell(const struct cli_args *a, const struct cli_action *c, const struct bide_text *answer,
                struct bide_error *error)
{
    if (cli_args_flag(a, "--json")) cli_text_print_json(answer);
    else if (!c->done && *c->words) return cli_fields_print(answer, error);
    else if (c->print) return c->print(answer, error);
    else if (!c->done) return cli_fields_print_items(answer, c->columns, error);
    return 0;
}

/* Once, and again as long as the server says that it stopped in the middle (`more`: changes of many tasks go in
 * chunks). */
static int act_to_the_end(const struct cli_args *a, const struct cli_action *c, struct bide_client *client,
                          const char *path, const char *body)
{
    struct bide_error error = {0};
    struct bide_text answer = {0};
    int64_t changed = -1, one;
    bool more;
    int rc;
    do {
        more = false;
        rc = bide_client_call(client, c->method, path, body, &answer, NULL, &error);
        if (rc == 0) rc = tell(a, c, &answer, &error);
        if (rc == 0 && c->done && bide_json_int(answer.p ? answer.p : "", "changed", &one) == BIDE_JSON_FOUND) {
            changed = (changed < 0 ? 0 : changed) + one;
            more = bide_json_bool(answer.p, "more", &more) == BIDE_JSON_FOUND && more && one > 0;
        }
    } while (more);
    bide_text_free(&answer);
    if (rc) return cli_client_failed(client, &error);
    if (!c->done || cli_args_flag(a, "--json")) return CLI_OK;
    printf("%s  %s", a->words[1], c->done);
    if (changed >= 0) printf(", %" PRId64 " task%s", changed, changed == 1 ? "" : "s");
    putchar('\n');
    return CLI_OK;
}

static int act(const struct cli_args *a, const struct cli_action *c, struct bide_client *client, const struct buf *body)
{
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    add_path(&path, c->path, a->n_words > 1 ? a->words[1] : "");
    int code =
        buf_err(&path) ? cli_args_wrong(a, "that name is too long") : act_to_the_end(a, c, client, path.p, body->p);
    buf_release(&path);
    return code;
}

int cli_action_run(int argc, char **argv)
{
    struct cli_args a;
    struct buf body;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, -1, &code)) return code;
    const struct cli_action *c = cli_action_of(a.verb);
    buf_init(&body, LIMIT_BODY);
    while (c->name && (!a.n_words || strcmp(c->name, a.words[0]) != 0)) c++;
    code = c->name ? check_words(&a, c) : unknown_action(&a);
    if (!code && c->body) code = c->body(&a, &body);
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    if (client) code = act(&a, c, client, &body);
    bide_client_free(client);
    buf_release(&body);
    cli_args_release(&a);
    return code;
}
