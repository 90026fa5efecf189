/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli_worker_list.h. A member that is missing, as in the answer of an older server, is a dash.
 */
#include "cli/cli_worker_list.h"

#include "base/json.h"
#include "cli/cli_client.h"
#include "cli/cli_fields.h"
#include "cli/cli_table.h"
#include "cli/cli_text.h"

#include <stdio.h>

#define CELL_MOST 4096
#define PROBLEM_MOST (64 * 1024)
#define SIZE_LEAST (1 << 20) /* what is held is a size from here on, and a number below */

static const char *const headings[] = {"ID", "STATE", "PID", "RSS", "TASKS", "RESTARTS", "HOLDS", "CURRENT"};
#define COLUMNS ((int)(sizeof headings / sizeof *headings))

static int64_t number_of(const struct json *j, const struct json_node *item, const char *key)
{
    const struct json_node *v = json_member(j, item, str_of(key));
    int64_t n = 0;
    return v && json_int(j, v, &n) == 0 ? n : 0;
}

static void add_text(struct buf *b, const struct json *j, const struct json_node *item, const char *key)
{
    const struct json_node *v = json_member(j, item, str_of(key));
    if (v && v->kind == JSON_STRING) json_add_string(j, v, b);
    else if (v && v->kind == JSON_NUMBER) buf_add_str(b, json_span(j, v));
}

/* 1.5G, 380M: near enough. */
static void add_size(struct buf *b, int64_t bytes)
{
    static const char units[] = "BKMGT";
    double n = (double)bytes;
    size_t unit = 0;
    if (bytes <= 0) return;
    while (n >= 1000 && units[unit + 1]) n /= 1024, unit++;
    buf_add_format(b, n < 10 && unit > 0 ? "%.1f%c" : "%.0f%c", n, units[unit]);
}

static void add_held(struct buf *b, const struct json *j, const struct json_node *holds)
{
    for (const struct json_node *v = holds ? json_first(holds) : NULL; v; v = json_next(holds, v)) {
        int64_t n;
        if (json_int(j, v, &n) != 0) continue;
        if (b->len > 0) buf_add_char(b, ' ');
        json_add_key(j, v, b);
        buf_add_char(b, '=');
        if (n >= SIZE_LEAST) add_size(b, n);
        else buf_add_format(b, "%lld", (long long)n);
    }
}

/* The task it has, or how many. */
static void add_current(struct buf *b, const struct json *j, const struct json_node *current)
{
    const struct json_node *first = current && current->kind == JSON_ARRAY ? json_first(current) : NULL;
    if (!first) return;
    if (json_next(current, first)) buf_add_format(b, "%u tasks", current->count);
    else if (first->kind == JSON_STRING) json_add_string(j, first, b);
}

static void add_cell(struct buf *b, const struct json *j, const struct json_node *item, int column)
{
    int64_t most;
    switch (column) {
    case 0: add_text(b, j, item, "id"); return;
    case 1: add_text(b, j, item, "state"); return;
    case 2: add_text(b, j, item, "pid"); return;
    case 3: add_size(b, number_of(j, item, "rss_bytes")); return;
    case 4:
        most = number_of(j, item, "max_tasks");
        add_text(b, j, item, "tasks");
        if (most > 0) buf_add_format(b, "/%lld", (long long)most);
        return;
    case 5: add_text(b, j, item, "restarts"); return;
    case 6: add_held(b, j, json_member(j, item, STR("holds"))); return;
    case 7: add_current(b, j, json_member(j, item, STR("current"))); return;
    }
}

static void print_table(const struct json *j, const struct json_node *items)
{
    struct cli_table t;
    struct buf cell;
    cli_table_init(&t, COLUMNS);
    buf_init(&cell, CELL_MOST);
    for (int c = 0; c < COLUMNS; c++) cli_table_add(&t, str_of(headings[c]));
    for (const struct json_node *v = json_first(items); v; v = json_next(items, v))
        for (int c = 0; c < COLUMNS; c++) {
            buf_clear(&cell);
            add_cell(&cell, j, v, c);
            cli_table_add(&t, buf_str(&cell));
        }
    cli_table_print(&t);
    cli_table_release(&t);
    buf_release(&cell);
}

/* "speech-1: why": its first line, which has the reason. */
static void print_problem(const struct json *j, const struct json_node *item)
{
    struct buf id, problem, line;
    buf_init(&id, CELL_MOST);
    buf_init(&problem, PROBLEM_MOST);
    buf_init(&line, 2 * PROBLEM_MOST);
    add_text(&id, j, item, "id");
    add_text(&problem, j, item, "problem");
    struct str rest = buf_str(&problem);
    if (rest.len > 0) {
        cli_text_clean(&line, buf_str(&id));
        buf_add_text(&line, ": ");
        cli_text_clean(&line, str_cut(&rest, '\n'));
        if (line.p) puts(line.p);
    }
    buf_release(&id);
    buf_release(&problem);
    buf_release(&line);
}

int cli_worker_list_print(const struct bide_text *page, struct bide_error *error)
{
    struct json j;
    int rc = cli_fields_parse(&j, page, error);
    const struct json_node *items = rc ? NULL : json_member(&j, json_root(&j), STR("items"));
    if (!rc && (!items || items->kind != JSON_ARRAY))
        rc = cli_client_bad_answer(error, "the answer is not a list: it has no items");
    if (!rc && json_first(items)) {
        print_table(&j, items);
        for (const struct json_node *v = json_first(items); v; v = json_next(items, v)) print_problem(&j, v);
    }
    json_release(&j);
    return rc;
}
