/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/analytics: the same as /v1/stats step by step, for graphs: each minute of the last hour, or each hour of the last
 * day.
 *
 * How many tasks there were at the end of a step is not remembered but follows: those that there are now, less what came
 * since, and with what went since.
 */
#include "api/api.h"
#include "api/counting.h"
#include "api/lately.h"

#include <stddef.h>

static void analytics(struct call *c);

const struct route analytics_routes[] = {
    {"GET", "/v1/analytics", " queue type window ", analytics},
    {0},
};

struct step {
    bool known; /* the server was there */
    uint64_t n[RECENT_EVENTS];
    int64_t wait_p50, wait_p99, run_p50, run_p99; /* -1: none */
    int64_t depth;
};

struct series {
    struct lately_of of;
    enum recent_window window;
    int n;
    struct step steps[RECENT_MINUTES]; /* the oldest first */
};

static void measure(struct series *s, const struct metrics *m, int64_t now_ms)
{
    for (int i = 0; i < s->n; i++) {
        struct step *step = &s->steps[i];
        struct recent_sum sum = {0};
        int back = s->n - 1 - i;
        step->known = recent_begin_ms(s->window, now_ms, back - 1) > m->clock.began_ms;
        lately_add(&sum, m, &s->of, s->window, now_ms, back);
        for (int e = 0; e < RECENT_EVENTS; e++) step->n[e] = sum.n[e];
        step->wait_p50 = spread_percentile(&sum.waits, 50);
        step->wait_p99 = spread_percentile(&sum.waits, 99);
        step->run_p50 = spread_percentile(&sum.runs, 50);
        step->run_p99 = spread_percentile(&sum.runs, 99);
    }
}

static void find_depths(struct series *s, const struct store_counts *counts)
{
    int64_t depth = 0;
    for (size_t i = 0; i < counts->n; i++) {
        if (s->of.queue.p && !str_eq(s->of.queue, counts->items[i].queue)) continue;
        for (int state = 0; state < TASK_STATES; state++)
            if (!state_is_ending((enum task_state)state)) depth += counts->items[i].n[state];
    }
    for (int i = s->n - 1; i >= 0; i--) {
        const uint64_t *n = s->steps[i].n;
        s->steps[i].depth = depth > 0 ? depth : 0;
        depth -= (int64_t)(n[RECENT_SUBMITTED] + n[RECENT_REOPENED]);
        depth += (int64_t)(n[RECENT_COMPLETED] + n[RECENT_FAILED] + n[RECENT_CANCELLED] + n[RECENT_EXPIRED]);
    }
}

static void write_event(struct buf *b, const struct series *s, enum recent_event e)
{
    json_write_key(b, lately_event_word(e));
    json_write_open(b, '[');
    for (int i = 0; i < s->n; i++) {
        if (s->steps[i].known) json_write_int(b, (int64_t)s->steps[i].n[e]);
        else json_write_null(b);
    }
    json_write_close(b, ']');
}

static void write_number(struct buf *b, const struct series *s, const char *name, size_t member)
{
    json_write_key(b, name);
    json_write_open(b, '[');
    for (int i = 0; i < s->n; i++) {
        int64_t v = *(const int64_t *)((const char *)&s->steps[i] + member);
        if (s->steps[i].known && v >= 0) json_write_int(b, v);
        else json_write_null(b);
    }
    json_write_close(b, ']');
}

static void write_analytics(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct metrics *m = &c->api->server->metrics;
    int64_t now_ms = recent_now_ms(&m->clock);
    struct series s = {.of = {query_get(&c->query, "queue"), query_get(&c->query, "type")}};
    s.window = str_eq(query_get(&c->query, "window"), STR("24h")) ? RECENT_DAY : RECENT_HOUR;
    s.n = recent_steps(s.window);
    measure(&s, m, now_ms);
    bool counted = !s.of.type.p && lately_is_whole(m, &s.of); /* the store counts queues */
    if (counted) find_depths(&s, counts);
    json_write_open(b, '{');
    json_write_member_text(b, "window", s.window == RECENT_DAY ? "24h" : "1h");
    json_write_member_nullable(b, "queue", s.of.queue);
    json_write_member_nullable(b, "type", s.of.type);
    json_write_member_int(b, "step_ms", recent_step_ms(s.window));
    json_write_member_time(b, "from", recent_wall_ms(&m->clock, recent_begin_ms(s.window, now_ms, s.n - 1)));
    json_write_key(b, "series");
    json_write_open(b, '{');
    for (int e = 0; e < LATELY_EVENTS; e++) write_event(b, &s, (enum recent_event)e);
    write_number(b, &s, "wait_p50_ms", offsetof(struct step, wait_p50));
    write_number(b, &s, "wait_p99_ms", offsetof(struct step, wait_p99));
    write_number(b, &s, "run_p50_ms", offsetof(struct step, run_p50));
    write_number(b, &s, "run_p99_ms", offsetof(struct step, run_p99));
    if (counted) write_number(b, &s, "depth", offsetof(struct step, depth));
    else json_write_member_null(b, "depth");
    json_write_close(b, '}');
    json_write_close(b, '}');
}

static void analytics(struct call *c)
{
    struct str window = query_get(&c->query, "window");
    if (!window.p || str_eq(window, STR("1h")) || str_eq(window, STR("24h"))) counting_answer(c, CALL_JSON, write_analytics);
    else call_refuse(c, ERR_INVALID, "window must be 1h or 24h, not '%.*s'", (int)(window.len > 40 ? 40 : window.len), window.p);
}
