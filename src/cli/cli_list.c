/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide list`: a page of tasks as a table, newest first; --all follows the pages to the end.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/cli_client.h"
#include "cli/cli_table.h"
#include "cli/cli_text.h"

#include <stdio.h>
#include <stdlib.h>

const struct cli_option cli_list_options[] = {
    {"--status", "STATUS", "pending, running, completed, failed, ..."},
    {"--type", "TYPE", "of this type"},
    {"--queue", "NAME", "in this queue"},
    {"--subject", "TEXT", "about this subject"},
    {"--tag", "KEY=VALUE", "with this tag"},
    {"--limit", "N", "tasks of one page (50, at most 200)"},
    {"--cursor", "TEXT", "go on where a page ended"},
    {"--all", NULL, "all pages"},
    {0},
};

static void add_row(struct cli_table *t, const struct bide_task_view *v, int64_t now_ms)
{
    char text[CLI_TEXT_DURATION] = "";
    cli_table_add(t, str_of(v->id));
    cli_table_add(t, str_of(v->type));
    cli_table_add(t, str_of(v->queue));
    cli_table_add(t, str_of(v->status));
    if (v->percent >= 0 && !v->ended) snprintf(text, sizeof text, "%.0f%%", v->percent);
    else if (v->position > 0) snprintf(text, sizeof text, "#%lld", (long long)v->position);
    cli_table_add(t, str_of(text));
    cli_text_age(text, now_ms - v->created_at_ms);
    cli_table_add(t, str_of(text));
}

/* Adds a page's tasks and takes its next_cursor (owned, NULL: the last page). */
static int add_page(struct cli_table *t, const struct bide_text *page, char **ret_cursor, struct bide_error *error)
{
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    int rc = json_parse(&j, (struct str){page->p, page->len}, NULL) ? -1 : 0;
    const struct json_node *items = rc ? NULL : json_member(&j, json_root(&j), STR("items"));
    if (!items || items->kind != JSON_ARRAY)
        rc = cli_client_bad_answer(error, "the answer is not a list: it has no items");
    for (const struct json_node *v = rc ? NULL : json_first(items); v && !rc; v = json_next(items, v)) {
        struct bide_task_view view;
        char *text = mem_text(json_span(&j, v));
        rc = bide_task_view_read(&view, text, error);
        free(text);
        if (rc == 0) add_row(t, &view, clock_wall_ms(&clock_system));
    }
    struct bide_text cursor = {0};
    *ret_cursor =
        !rc && bide_json_text(page->p, "next_cursor", &cursor) == BIDE_JSON_FOUND && cursor.len ? cursor.p : NULL;
    if (!*ret_cursor) bide_text_free(&cursor);
    json_release(&j);
    return rc;
}

static int list(const struct cli_args *a, struct bide_client *client, struct bide_filter *filter)
{
    static const char *const headings[] = {"ID", "TYPE", "QUEUE", "STATUS", "PROGRESS", "AGE"};
    bool json = cli_args_flag(a, "--json"), all = cli_args_flag(a, "--all");
    char *cursor = NULL;
    struct bide_text page = {0};
    struct bide_error error = {0};
    struct cli_table t;
    cli_table_init(&t, 6);
    for (int i = 0; i < 6; i++) cli_table_add(&t, str_of(headings[i]));
    int rc;
    do {
        rc = bide_client_list(client, filter, &page, &error);
        free(cursor);
        cursor = NULL;
        if (rc == 0 && json) cli_text_print_json(&page);
        if (rc == 0) rc = add_page(&t, &page, &cursor, &error);
        filter->cursor = cursor;
    } while (rc == 0 && all && cursor);
    if (!json && t.n > 6) cli_table_print(&t);
    if (!json && rc == 0 && cursor) fprintf(stderr, "there are more: --all, or --cursor %s\n", cursor);
    cli_table_release(&t);
    bide_text_free(&page);
    free(cursor);
    return rc ? cli_client_failed(client, &error) : CLI_OK;
}

int cli_list(int argc, char **argv)
{
    struct cli_args a;
    struct bide_tag *tags = NULL;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    struct bide_filter f = {.status = cli_args_text(&a, "--status"),
                            .type = cli_args_text(&a, "--type"),
                            .queue = cli_args_text(&a, "--queue"),
                            .subject = cli_args_text(&a, "--subject"),
                            .cursor = cli_args_text(&a, "--cursor")};
    if (!cli_args_int(&a, "--limit", 1, LIMIT_PAGE, &f.limit) || !cli_args_tags(&a, &tags, &f.n_tags)) {
        cli_args_release(&a);
        return CLI_USAGE;
    }
    f.tags = tags;
    struct bide_client *client = cli_client_open(&a, &code);
    if (client) code = list(&a, client, &f);
    cli_args_free_tags(tags, f.n_tags);
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
