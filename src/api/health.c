/* SPDX-License-Identifier: Apache-2.0
 *
 * How the server is: /livez (the loop turns), /readyz (tasks are taken; it looks at the disk itself, for where it is no
 * nobody may submit any more), /healthz (both, with reasons), /v1/stats
 * (counts), /metrics (Prometheus).
 */
#include "api/api.h"
#include "api/call.h"
#include "api/depth.h"
#include "api/process_stats.h"
#include "bide.h"
#include "store/gauge.h"

#include <stdio.h>

static void livez(struct call *c);
static void readyz(struct call *c);
static void healthz(struct call *c);
static void stats(struct call *c);
static void metrics(struct call *c);

const struct route health_routes[] = {
    {"GET", "/livez", " ", livez},        {"GET", "/readyz", " ", readyz}, {"GET", "/healthz", " ", healthz},
    {"GET", "/v1/stats", " ", stats},     {"GET", "/metrics", " ", metrics},
    {0},
};

static const char *standing(const struct server *s)
{
    return s->draining ? "draining" : s->serving ? "serving" : "starting";
}

/* All zero once the HTTP layer is closed: an answer that was being made then goes nowhere. */
static const struct http_stats *connections(const struct api *a)
{
    static const struct http_stats none;
    return a->http ? http_stats(a->http) : &none;
}

static void livez(struct call *c)
{
    call_answer_with(c, 200, CALL_JSON, STR("{\"status\":\"ok\"}"), NULL, 0);
}

static void readyz(struct call *c)
{
    struct server *s = c->api->server;
    struct err e;
    if (s->serving && !s->draining && server_check_disk(s, &e)) call_problem(c, &e);
    else if (s->serving && !s->draining) call_answer_with(c, 200, CALL_JSON, STR("{\"status\":\"ok\"}"), NULL, 0);
    else call_refuse(c, s->draining ? ERR_DRAINING : ERR_AGAIN, "the server is %s", standing(s));
}

static void count_broken(void *user, const struct worker_view *w)
{
    if (w->problem.len) ++*(int64_t *)user;
}

static int64_t broken_workers(const struct server *s)
{
    int64_t n = 0;
    roster_each(&s->roster, count_broken, &n);
    return n;
}

static void healthz(struct call *c)
{
    struct server *s = c->api->server;
    bool up = s->serving && !s->draining, good = up && server_check_disk(s, NULL) == 0;
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_member_text(&b, "status", good ? "ok" : up ? err_word(ERR_FULL) : standing(s));
    json_write_member_text(&b, "version", BIDE_VERSION);
    json_write_member_int(&b, "uptime_ms", turn_wall_ms(s->turn) - c->api->started_at_ms);
    json_write_member_int(&b, "running", (int64_t)s->run_by_id.n);
    json_write_member_int(&b, "workers_with_problems", broken_workers(s));
    json_write_close(&b, '}');
    call_answer(c, good ? 200 : 503, &b);
}

/* ---- counts from the store, then the answer ---- */

struct counting {
    struct call *call;
    struct store_counts counts;
};

static bool counted(struct counting *m)
{
    int err = m->counts.req.err;
    if (!err) return true;
    store_release(&m->counts.req);
    call_store_failed(m->call, err);
    return false;
}

static void ask(struct call *c, void (*on_done)(struct store_req *req))
{
    struct counting *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    store_counts(c->api->server->store, &m->counts, on_done, m);
}

static void on_stats(struct store_req *req)
{
    struct counting *m = req->user;
    struct call *c = m->call;
    const struct server *s = c->api->server;
    if (!counted(m)) return;
    struct store_count total = {0};
    for (size_t i = 0; i < m->counts.n; i++) {
        for (int state = 0; state < TASK_STATES; state++) total.n[state] += m->counts.items[i].n[state];
        total.retrying += m->counts.items[i].retrying;
    }
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_member_text(&b, "status", standing(s));
    json_write_member_text(&b, "version", BIDE_VERSION);
    json_write_member_time(&b, "started_at", c->api->started_at_ms);
    json_write_member_int(&b, "uptime_ms", turn_wall_ms(s->turn) - c->api->started_at_ms);
    json_write_key(&b, "tasks");
    depth_write(&b, &total);
    json_write_key(&b, "store");
    json_write_open(&b, '{');
    struct str rest = str_of(s->conf.config->store);
    json_write_member_str(&b, "engine", str_cut(&rest, ':'));
    json_write_member_int(&b, "bytes", m->counts.bytes);
    json_write_close(&b, '}');
    json_write_key(&b, "http");
    json_write_open(&b, '{');
    json_write_member_int(&b, "connections", connections(c->api)->connections_now);
    json_write_member_int(&b, "requests_total", (int64_t)connections(c->api)->requests_total);
    json_write_close(&b, '}');
    json_write_close(&b, '}');
    store_release(req);
    call_answer(c, 200, &b);
}

static void stats(struct call *c)
{
    ask(c, on_stats);
}

/* ---- metrics ---- */

static void one_value(struct buf *b, const char *name, const char *type, const char *help, double value)
{
    metrics_write_family(b, name, type, help);
    metrics_write_sample(b, name, "", value);
}

static void write_depths(struct buf *b, const struct store_counts *counts)
{
    metrics_write_family(b, "bide_tasks", "gauge", "Tasks in the store, by queue and status.");
    for (size_t i = 0; i < counts->n; i++) {
        for (size_t word = 0; word < DEPTH_WORDS; word++) {
            struct buf labels;
            buf_init(&labels, 4096);
            metrics_write_label(&labels, "queue", counts->items[i].queue);
            metrics_write_label(&labels, "status", str_of(depth_word(word)));
            metrics_write_sample(b, "bide_tasks", labels.p, (double)depth_count(&counts->items[i], word));
            buf_release(&labels);
        }
    }
}

static void write_answers(struct buf *b, const struct api *a)
{
    static const char *const classes[] = {"", "", "2xx", "3xx", "4xx", "5xx"};
    metrics_write_family(b, "bide_http_answers_total", "counter", "API answers, by class of their status.");
    for (int i = 2; i <= 5; i++) {
        char label[32];
        snprintf(label, sizeof label, "status=\"%s\"", classes[i]);
        metrics_write_sample(b, "bide_http_answers_total", label, (double)a->answers[i]);
    }
}

static void write_store(struct buf *b, const struct store *measured)
{
    static const struct {
        const char *name, *type, *help;
    } rows[] = {{"bide_store_requests_total", "counter", "Requests to the store, by operation."},
                {"bide_store_errors_total", "counter", "Requests the store did not carry out."},
                {"bide_store_request_seconds_total", "counter", "Time from asking the store to its answer."}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        metrics_write_family(b, rows[row].name, rows[row].type, rows[row].help);
        for (int op = 0; op < STORE_OPS; op++) {
            const struct gauge_op *g = gauge_of(measured, (enum store_op)op);
            const double values[] = {(double)g->requests, (double)g->errors, (double)g->total_ms / 1000};
            char label[32];
            snprintf(label, sizeof label, "type=\"%s\"", store_op_word((enum store_op)op));
            metrics_write_sample(b, rows[row].name, label, values[row]);
        }
    }
}

struct worker_sums {
    int64_t loads, restarts, live;
};

static void sum_worker(void *user, const struct worker_view *w)
{
    struct worker_sums *n = user;
    n->loads += w->loads;
    n->restarts += w->restarts;
    n->live += w->pid != 0;
}

static void write_workers(struct buf *b, const struct server *s)
{
    struct worker_sums n = {.loads = s->roster.loads, .restarts = s->roster.restarts};
    roster_each(&s->roster, sum_worker, &n);
    one_value(b, "bide_worker_processes", "gauge", "Live worker processes.", (double)n.live);
    one_value(b, "bide_worker_loads_total", "counter", "Times a worker process became ready.", (double)n.loads);
    one_value(b, "bide_worker_restarts_total", "counter", "Unplanned ends of worker processes.", (double)n.restarts);
}

static void write_pullers(struct buf *b, const struct call *c)
{
    const struct pull_desk *d = &c->api->server->roster.desk;
    one_value(b, "bide_pullers", "gauge", "Pullers that ask, have an attempt, or did so in the last two minutes.",
              (double)d->pullers.by_name.n);
    one_value(b, "bide_pull_claims", "gauge", "Claims of pullers that wait for work.", (double)d->waiting);
    one_value(b, "bide_pull_attempts", "gauge", "Attempts that pullers have.", (double)d->held.n);
    one_value(b, "bide_pull_leases_lost_total", "counter", "Attempts whose puller was not heard of for its lease.", (double)d->lost);
    one_value(b, "bide_pull_stale_total", "counter", "What pullers said about attempts that were over.", (double)c->api->late_words);
}

static void write_files(struct buf *b, const struct filing *f)
{
    one_value(b, "bide_files", "gauge", "Uploaded files.", (double)f->total.n);
    one_value(b, "bide_file_bytes", "gauge", "Size of the uploaded files.", (double)f->total.bytes);
    one_value(b, "bide_files_arriving_bytes", "gauge", "Of uploads under way, what has come.", (double)f->arriving);
}

static void write_followers(struct buf *b, const struct sequel *q)
{
    one_value(b, "bide_followers_added_total", "counter", "Tasks added after the ending of another.", (double)q->added);
    one_value(b, "bide_followers_refused_total", "counter", "Tasks that were to follow an ending and could not be added.", (double)q->refused);
}

static void write_streams(struct buf *b, const struct bus *bus)
{
    one_value(b, "bide_streams", "gauge", "Clients that follow events, a log or streamed output.", (double)bus->n_listeners);
    one_value(b, "bide_stream_events_total", "counter", "Events told to streams.", (double)bus->last);
    one_value(b, "bide_streams_cut_total", "counter", "Times a client was too slow for the events, and was told to read again.", (double)bus->cuts);
}

static void on_metrics(struct store_req *req)
{
    struct counting *m = req->user;
    struct call *c = m->call;
    const struct server *s = c->api->server;
    if (!counted(m)) return;
    const struct http_stats *h = connections(c->api);
    struct buf b = call_buf(c);
    write_depths(&b, &m->counts);
    one_value(&b, "bide_store_bytes", "gauge", "Size of the store on disk.", (double)m->counts.bytes);
    const struct retention_counts *purged = &c->api->server->retention.total;
    one_value(&b, "bide_purged_tasks_total", "counter", "Ended tasks removed by retention.", (double)purged->records);
    one_value(&b, "bide_purged_bytes_total", "counter", "Inputs, results and logs removed by retention.", (double)purged->bytes);
    int64_t room = disk_free(&c->api->server->disk);
    metrics_write_family(&b, "bide_disk_free_bytes", "gauge", "Free on the disk of the store or of data_dir, the lesser.");
    if (room >= 0) metrics_write_sample(&b, "bide_disk_free_bytes", "", (double)room);
    if (c->api->measured) write_store(&b, c->api->measured);
    metrics_write(&s->metrics, &b);
    write_workers(&b, s);
    write_pullers(&b, c);
    write_files(&b, &s->filing);
    write_followers(&b, &s->sequel);
    write_streams(&b, &s->news.bus);
    notices_write(&s->notices, &b);
    one_value(&b, "bide_http_connections", "gauge", "Open HTTP connections.", h->connections_now);
    one_value(&b, "bide_http_requests_total", "counter", "HTTP requests.", (double)h->requests_total);
    one_value(&b, "bide_http_refused_total", "counter", "Requests the HTTP layer refused itself.", (double)h->refused_total);
    write_answers(&b, c->api);
    one_value(&b, "bide_uptime_seconds", "gauge", "Time since the server started.",
              (double)(turn_wall_ms(s->turn) - c->api->started_at_ms) / 1000);
    one_value(&b, "bide_memory_bytes", "gauge", "Resident memory of the server process.", (double)process_stats_rss());
    one_value(&b, "bide_open_descriptors", "gauge", "Open file descriptors of the server process.",
              (double)process_stats_descriptors());
    store_release(req);
    call_answer_buf(c, 200, "text/plain; version=0.0.4; charset=utf-8", &b, NULL, 0);
}

static void metrics(struct call *c)
{
    ask(c, on_metrics);
}
