/* SPDX-License-Identifier: Apache-2.0
 *
 * Lanes are few (LIMIT_RECENT and those that share one place), so each question looks at all of them.
 */
#include "api/lately.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

const char *lately_window_word(enum recent_window w) { return w == RECENT_HOUR ? "last_1h" : "last_24h"; }

const char *lately_event_word(enum recent_event e)
{
    static const char *const words[] = {"submitted", "completed", "failed", "cancelled", "expired", "retried", "reopened"};
    return words[e];
}

/* The place that many share has a name of its own. */
static struct str name_of(const struct metrics *m, const struct metrics_lane *l, struct str name)
{
    return l->recent == &m->others ? STR(LATELY_OTHER) : name;
}

static bool is_of(const struct metrics *m, const struct metrics_lane *l, const struct lately_of *of)
{
    return (!of->queue.p || str_eq(of->queue, name_of(m, l, l->queue))) && (!of->type.p || str_eq(of->type, name_of(m, l, l->type)));
}

static void each(struct recent_sum *sum, const struct metrics *m, const struct lately_of *of, enum recent_window w, int64_t now_ms,
                 int first, int last)
{
    size_t at = 0;
    bool others = false;
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        const struct metrics_lane *l = e->value;
        if (!is_of(m, l, of) || (others && l->recent == &m->others)) continue;
        others |= l->recent == &m->others;
        for (int back = first; back <= last; back++) recent_add(sum, l->recent, w, now_ms, back);
    }
}

void lately_add(struct recent_sum *sum, const struct metrics *m, const struct lately_of *of, enum recent_window w, int64_t now_ms, int back)
{
    each(sum, m, of, w, now_ms, back, back);
}

void lately_add_all(struct recent_sum *sum, const struct metrics *m, const struct lately_of *of, enum recent_window w, int64_t now_ms)
{
    each(sum, m, of, w, now_ms, 0, recent_steps(w) - 1);
}

bool lately_is_whole(const struct metrics *m, const struct lately_of *of)
{
    size_t at = 0;
    if (!of->queue.p && !of->type.p) return true;
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        const struct metrics_lane *l = e->value;
        bool asked = (!of->queue.p || str_eq(of->queue, l->queue)) && (!of->type.p || str_eq(of->type, l->type));
        if (asked && l->recent == &m->others) return false;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

size_t lately_types(const struct metrics *m, struct str **ret)
{
    struct str *types = mem_new(sizeof *types * (m->lanes.n + 1));
    size_t n = 0, kept = 0, at = 0;
    for (struct map_entry *e; (e = map_next(&m->lanes, &at));) {
        const struct metrics_lane *l = e->value;
        types[n++] = name_of(m, l, l->type);
    }
    qsort(types, n, sizeof *types, by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !str_eq(types[i], types[kept - 1])) types[kept++] = types[i];
    *ret = types;
    return kept;
}

void lately_types_free(struct str *types) { free(types); }

void lately_write_rounded(struct buf *b, double v) { json_write_double(b, round(v * 10000) / 10000); }

void lately_write_percentile(struct buf *b, const struct spread_sum *s, int percent)
{
    int64_t ms = spread_percentile(s, percent);
    if (ms < 0) json_write_null(b);
    else json_write_int(b, ms);
}
