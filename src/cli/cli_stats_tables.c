/* SPDX-License-Identifier: Apache-2.0
 *
 * Percentiles share a cell, since they are read together: 12ms/80ms/1s.
 */
#include "cli/cli_stats_tables.h"

#include "cli/cli_table.h"
#include "cli/cli_text.h"

#include <inttypes.h>
#include <stdio.h>

#define CELL_MOST 4096

static const char *const windows[][2] = {{"last_1h", "1h"}, {"last_24h", "24h"}};

struct row { /* what the cells are made from */
    const struct json *j;
    const struct json_node *item, *of; /* a queue or type; one of its windows */
    struct buf cell;
};

static const struct json_node *member(const struct row *r, const struct json_node *of, const char *key)
{
    return of && of->kind == JSON_OBJECT ? json_member(r->j, of, str_of(key)) : NULL;
}

static int64_t number(const struct row *r, const struct json_node *of, const char *key)
{
    const struct json_node *v = member(r, of, key);
    int64_t n = 0;
    return v && json_int(r->j, v, &n) == 0 ? n : 0;
}

static void add_plain(struct row *r, const struct json_node *v)
{
    if (v && v->kind == JSON_STRING) json_add_string(r->j, v, &r->cell);
    else if (v && v->kind == JSON_NUMBER) buf_add_str(&r->cell, json_span(r->j, v));
}

static void end_cell(struct row *r, struct cli_table *t)
{
    cli_table_add(t, buf_str(&r->cell));
    buf_clear(&r->cell);
}

static void plain_cell(struct row *r, struct cli_table *t, const struct json_node *of, const char *key)
{
    add_plain(r, member(r, of, key));
    end_cell(r, t);
}

/* 0.25: 25%. */
static void share_cell(struct row *r, struct cli_table *t, const char *key)
{
    const struct json_node *v = member(r, r->of, key);
    double share;
    if (v && json_double(r->j, v, &share) == 0) buf_add_format(&r->cell, "%.3g%%", share * 100);
    end_cell(r, t);
}

static void times_cell(struct row *r, struct cli_table *t, const char *key)
{
    static const char *const names[] = {"p50", "p90", "p99"};
    const struct json_node *times = member(r, r->of, key);
    for (int i = 0; i < 3; i++) {
        const struct json_node *v = member(r, times, names[i]);
        char text[CLI_TEXT_DURATION];
        int64_t ms;
        if (!v || json_int(r->j, v, &ms) != 0) continue;
        cli_text_duration(text, ms);
        if (r->cell.len) buf_add_char(&r->cell, '/');
        buf_add_text(&r->cell, text);
    }
    end_cell(r, t);
}

static void add_queue(struct row *r, struct cli_table *t)
{
    const struct json_node *depth = member(r, r->item, "depth"), *paused = member(r, r->item, "paused");
    char age[CLI_TEXT_DURATION];
    int64_t oldest_ms = number(r, r->item, "oldest_pending_ms");
    r->of = member(r, r->item, windows[0][0]);
    plain_cell(r, t, r->item, "queue");
    plain_cell(r, t, depth, "pending");
    plain_cell(r, t, depth, "running");
    buf_add_format(&r->cell, "%" PRId64, number(r, depth, "blocked") + number(r, depth, "scheduled") + number(r, depth, "retrying"));
    end_cell(r, t);
    cli_text_duration(age, oldest_ms);
    if (oldest_ms > 0) buf_add_text(&r->cell, age);
    end_cell(r, t);
    if (paused && paused->kind == JSON_TRUE) buf_add_text(&r->cell, "paused");
    end_cell(r, t);
    plain_cell(r, t, r->of, "submitted_per_minute");
    plain_cell(r, t, r->of, "completed_per_minute");
    plain_cell(r, t, r->of, "failed_per_minute");
    times_cell(r, t, "wait_ms");
}

static void add_type(struct row *r, struct cli_table *t)
{
    for (int i = 0; i < 2; i++) {
        r->of = member(r, r->item, windows[i][0]);
        plain_cell(r, t, r->item, "type");
        buf_add_text(&r->cell, windows[i][1]);
        end_cell(r, t);
        plain_cell(r, t, r->of, "submitted");
        plain_cell(r, t, r->of, "completed");
        plain_cell(r, t, r->of, "failed");
        plain_cell(r, t, r->of, "retried");
        plain_cell(r, t, r->of, "completed_per_minute");
        share_cell(r, t, "failed_share");
        times_cell(r, t, "wait_ms");
        times_cell(r, t, "run_ms");
    }
}

static const struct {
    const char *key;
    const char *headings[10];
    void (*add)(struct row *r, struct cli_table *t);
} tables[] = {
    {"queues", {"QUEUE", "PENDING", "RUNNING", "LATER", "OLDEST", "STATE", "IN/MIN", "DONE/MIN", "FAILED/MIN", "WAITED 50/90/99%"}, add_queue},
    {"types", {"TYPE", "LAST", "SUBMITTED", "COMPLETED", "FAILED", "RETRIED", "DONE/MIN", "FAILED", "WAITED 50/90/99%", "RAN 50/90/99%"}, add_type}};

#define COLUMNS ((int)(sizeof tables->headings / sizeof *tables->headings))

bool cli_stats_tables_has(const struct json_node *list, struct str key)
{
    const struct json_node *first = list->kind == JSON_ARRAY ? json_first(list) : NULL;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (str_eq(key, str_of(tables[i].key)) && list->kind == JSON_ARRAY) return !first || first->kind == JSON_OBJECT;
    return false;
}

static void print_table(const struct json *j, const struct json_node *items, size_t which)
{
    struct cli_table t;
    struct row r = {.j = j};
    buf_init(&r.cell, CELL_MOST);
    cli_table_init(&t, COLUMNS);
    for (int c = 0; c < COLUMNS; c++) cli_table_add(&t, str_of(tables[which].headings[c]));
    for (r.item = json_first(items); r.item; r.item = json_next(items, r.item)) tables[which].add(&r, &t);
    putchar('\n');
    cli_table_print(&t);
    cli_table_release(&t);
    buf_release(&r.cell);
}

void cli_stats_tables_print(const struct json *j)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct json_node *items = json_member(j, json_root(j), str_of(tables[i].key));
        if (items && json_first(items) && cli_stats_tables_has(items, str_of(tables[i].key))) print_table(j, items, i);
    }
}
