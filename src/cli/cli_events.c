/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide events`: what happens to all tasks, or to those that fit, a line each.
 */
#include "base/json_write.h"
#include "cli/cli_client.h"
#include "cli/cli_follow.h"
#include "cli/cli_text.h"

#include <stdio.h>

const struct cli_option cli_events_options[] = {
    {"--type", "TYPE", "of tasks of this type"},
    {"--queue", "NAME", "of tasks in this queue"},
    {"--subject", "TEXT", "of tasks about this subject"},
    {"--tag", "KEY=VALUE", "of tasks with this tag; may be repeated"},
    {"--kind", "KIND,...", "only these: created, started, progress, completed, failed, log, output, ..."},
    {0},
};

struct events {
    bool json;
    struct bide_error error;
};

static void print_json(const struct bide_event *e)
{
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    json_write_open(&b, '{');
    json_write_member_text(&b, "event", e->name);
    json_write_member_text(&b, "id", e->id);
    json_write_member_raw(&b, "data", (struct str){e->data, e->data_len});
    json_write_close(&b, '}');
    if (b.p) puts(b.p);
    buf_release(&b);
}

/* What a piece of a log, or of an output, says: its id and the text. */
static int add_piece(struct buf *b, const struct bide_event *e, const char *member)
{
    struct bide_text text = {0};
    char id[64];
    bool known = bide_json_string(e->data, "id", id, sizeof id) == BIDE_JSON_FOUND &&
                 bide_json_text(e->data, member, &text) == BIDE_JSON_FOUND;
    if (known) {
        buf_add_format(b, "%s  %s  ", id, e->name + strlen("task."));
        buf_add(b, text.p, text.len && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len);
    }
    bide_text_free(&text);
    return known ? 0 : -1;
}

static int add_task(struct buf *b, const struct bide_event *e, struct bide_error *error)
{
    struct bide_task_view v;
    if (bide_task_view_read(&v, e->data, error)) return -1;
    buf_add_format(b, "%s  %s  %s", v.id, e->name + strlen("task."), v.type);
    if (v.subject[0]) buf_add_format(b, "  %s", v.subject);
    if (!v.ended && v.percent >= 0) buf_add_format(b, "  %.0f%%", v.percent);
    if (!v.ended && v.message[0]) buf_add_format(b, "  %s", v.message);
    if (v.error_code[0] && strcmp(v.status, "completed") != 0) buf_add_format(b, "  %s: %s", v.error_code, v.error_message);
    return 0;
}

static int print_line(struct events *s, const struct bide_event *e)
{
    struct buf b, line;
    int rc = 0;
    buf_init(&b, SIZE_MAX / 2);
    buf_init(&line, SIZE_MAX / 2);
    if (strcmp(e->name, "task.output") == 0) rc = add_piece(&b, e, "data");
    else if (strcmp(e->name, "task.log") == 0) rc = add_piece(&b, e, "text");
    else if (strncmp(e->name, "task.", 5) == 0) rc = add_task(&b, e, &s->error);
    else if (strcmp(e->name, "reset") == 0) fprintf(stderr, "bide: something was missed here\n");
    else buf_add_format(&b, "%s  %s", e->name, e->data);
    if (rc && !s->error.code[0]) cli_client_bad_answer(&s->error, "an event %s that is not understood", e->name);
    cli_text_clean(&line, buf_str(&b));
    if (!rc && line.len) puts(line.p);
    buf_release(&b);
    buf_release(&line);
    return rc;
}

static bool on_event(void *user, const struct bide_event *e)
{
    struct events *s = user;
    int rc = 0;
    if (s->json) print_json(e);
    else rc = print_line(s, e);
    return fflush(stdout) == 0 && rc == 0;
}

static void on_away(void *user, const struct bide_error *why)
{
    (void)user;
    if (why) fprintf(stderr, "bide: the server is away, trying again\n");
}

static int print_events(const struct cli_args *a, struct bide_client *client, const struct bide_filter *filter)
{
    struct events s = {.json = cli_args_flag(a, "--json")};
    struct bide_follow follow = {.filter = filter, .kinds = cli_args_text(a, "--kind"), .on_event = on_event,
                                 .on_away = on_away, .user = &s, .away_ms = -1};
    struct bide_error error = {0};
    cli_follow_quits_quietly();
    if (bide_client_follow(client, &follow, &error)) return cli_client_failed(client, &error);
    if (s.error.code[0]) return cli_client_failed(client, &s.error);
    return ferror(stdout) ? CLI_IO : CLI_OK;
}

int cli_events(int argc, char **argv)
{
    struct cli_args a;
    struct bide_tag *tags = NULL;
    struct bide_filter filter = {0};
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    filter.type = cli_args_text(&a, "--type");
    filter.queue = cli_args_text(&a, "--queue");
    filter.subject = cli_args_text(&a, "--subject");
    if (!cli_args_tags(&a, &tags, &filter.n_tags)) code = CLI_USAGE;
    filter.tags = tags;
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    if (client) code = print_events(&a, client, &filter);
    bide_client_free(client);
    cli_args_free_tags(tags, filter.n_tags);
    cli_args_release(&a);
    return code;
}
