/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/stats: how many tasks there are, and per queue and per type what happened in the last hour and day: counts, rates,
 * percentiles (server/recent.h).
 */
#include "api/api.h"
#include "api/counting.h"
#include "api/depth.h"
#include "api/lately.h"
#include "bide.h"

static void stats(struct call *c);

const struct route stats_routes[] = {
    {"GET", "/v1/stats", " ", stats},
    {0},
};

static void write_total(struct buf *b, const struct store_counts *counts)
{
    struct store_count total = {0};
    for (size_t i = 0; i < counts->n; i++) {
        for (int state = 0; state < TASK_STATES; state++) total.n[state] += counts->items[i].n[state];
        total.retrying += counts->items[i].retrying;
    }
    depth_write(b, &total);
}

#define RATE_MS 60000 /* the least a rate is over: one task in the first second is not 60 a minute */

static void write_rates(struct buf *b, const struct recent_sum *sum, int64_t span_ms)
{
    static const struct {
        const char *name;
        enum recent_event event;
    } rates[] = {{"submitted_per_minute", RECENT_SUBMITTED}, {"completed_per_minute", RECENT_COMPLETED}, {"failed_per_minute", RECENT_FAILED}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        json_write_key(b, rates[i].name);
        lately_write_rounded(b, (double)sum->n[rates[i].event] * 60000 / (double)(span_ms > RATE_MS ? span_ms : RATE_MS));
    }
    uint64_t tried = sum->n[RECENT_COMPLETED] + sum->n[RECENT_FAILED];
    json_write_key(b, "failed_share");
    if (tried) lately_write_rounded(b, (double)sum->n[RECENT_FAILED] / (double)tried);
    else json_write_null(b);
}

static void write_times(struct buf *b, const char *name, const struct spread_sum *times)
{
    static const int percents[] = {50, 90, 99};
    static const char *const names[] = {"p50", "p90", "p99"};
    json_write_key(b, name);
    json_write_open(b, '{');
    for (int i = 0; i < 3; i++) {
        json_write_key(b, names[i]);
        lately_write_percentile(b, times, percents[i]);
    }
    json_write_close(b, '}');
}

static void write_window(struct buf *b, const struct metrics *m, enum recent_window w, const struct lately_of *of)
{
    int64_t now_ms = recent_now_ms(&m->clock), span_ms = recent_span_ms(w, now_ms, m->clock.began_ms);
    struct recent_sum sum = {0};
    lately_add_all(&sum, m, of, w, now_ms);
    json_write_key(b, lately_window_word(w));
    json_write_open(b, '{');
    json_write_member_int(b, "span_ms", span_ms);
    for (int e = 0; e < LATELY_EVENTS; e++) json_write_member_int(b, lately_event_word((enum recent_event)e), (int64_t)sum.n[e]);
    write_rates(b, &sum, span_ms);
    write_times(b, "wait_ms", &sum.waits);
    write_times(b, "run_ms", &sum.runs);
    json_write_close(b, '}');
}

static void write_windows(struct buf *b, const struct metrics *m, const struct lately_of *of)
{
    write_window(b, m, RECENT_HOUR, of);
    write_window(b, m, RECENT_DAY, of);
}

static void write_queues(struct buf *b, const struct server *s, const struct store_counts *counts)
{
    int64_t now_ms = turn_wall_ms(s->turn);
    for (size_t i = 0; i < s->queues.n; i++) {
        const struct queue *q = s->queues.all[i];
        if (!q->declared || q->name.p[0] == '$') continue; /* the server's own */
        const struct store_count *n = depth_of(counts, q->name);
        json_write_open(b, '{');
        json_write_member_str(b, "queue", q->name);
        json_write_member_bool(b, "paused", q->paused);
        json_write_key(b, "depth");
        depth_write(b, n);
        int64_t age_ms = n->oldest_ready_ms ? now_ms - n->oldest_ready_ms : 0;
        json_write_member_int(b, "oldest_pending_ms", age_ms > 0 ? age_ms : 0);
        write_windows(b, &s->metrics, &(struct lately_of){.queue = q->name});
        json_write_close(b, '}');
    }
}

static void write_types(struct buf *b, const struct server *s)
{
    struct str *types;
    size_t n = lately_types(&s->metrics, &types);
    for (size_t i = 0; i < n; i++) {
        json_write_open(b, '{');
        json_write_member_str(b, "type", types[i]);
        write_windows(b, &s->metrics, &(struct lately_of){.type = types[i]});
        json_write_close(b, '}');
    }
    lately_types_free(types);
}

static void write_stats(const struct call *c, const struct store_counts *counts, struct buf *b)
{
    const struct server *s = c->api->server;
    struct str rest = str_of(s->conf.config->store);
    json_write_open(b, '{');
    json_write_member_text(b, "status", counting_standing(s));
    json_write_member_text(b, "version", BIDE_VERSION);
    json_write_member_time(b, "started_at", c->api->started_at_ms);
    json_write_member_int(b, "uptime_ms", turn_wall_ms(s->turn) - c->api->started_at_ms);
    json_write_key(b, "tasks");
    write_total(b, counts);
    json_write_key(b, "queues");
    json_write_open(b, '[');
    write_queues(b, s, counts);
    json_write_close(b, ']');
    json_write_key(b, "types");
    json_write_open(b, '[');
    write_types(b, s);
    json_write_close(b, ']');
    json_write_key(b, "store");
    json_write_open(b, '{');
    json_write_member_str(b, "engine", str_cut(&rest, ':'));
    json_write_member_int(b, "bytes", counts->bytes);
    json_write_close(b, '}');
    json_write_key(b, "http");
    json_write_open(b, '{');
    json_write_member_int(b, "connections", counting_http(c->api)->connections_now);
    json_write_member_int(b, "requests_total", (int64_t)counting_http(c->api)->requests_total);
    json_write_close(b, '}');
    json_write_close(b, '}');
}

static void stats(struct call *c) { counting_answer(c, CALL_JSON, write_stats); }
