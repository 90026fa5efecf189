/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/tasks/{id}/attempts: what was tried, newest first, and the runs that have ended. An attempt that simply
 * succeeded the first time has no row of its own in the store: it is told from the ending of its run.
 */
#include "api/api.h"
#include "api/call.h"
#include "api/task_json.h"

static void history(struct call *c);

const struct route history_routes[] = {
    {"GET", "/v1/tasks/{}/attempts", " ", history},
    {0},
};

struct asking {
    struct call *call;
    struct store_history store;
};

/* verdict NULL: it is under way */
static void write_attempt(struct buf *b, const struct task_attempt *a, const char *verdict, size_t log_bytes, size_t output_bytes)
{
    json_write_open(b, '{');
    json_write_member_int(b, "run", a->run);
    json_write_member_int(b, "attempt", a->number);
    json_write_member_text(b, "verdict", verdict);
    json_write_member_time(b, "started_at", a->started_at_ms);
    json_write_member_time(b, "finished_at", a->finished_at_ms);
    json_write_key(b, "error");
    task_json_write_error(b, &a->failure);
    json_write_member_int(b, "log_bytes", (int64_t)log_bytes);
    json_write_member_int(b, "output_bytes", (int64_t)output_bytes);
    json_write_key(b, "resumed_from");
    if (a->resumed_from) json_write_int(b, a->resumed_from);
    else json_write_null(b);
    json_write_member_time(b, "saved_at", a->saved_at_ms);
    json_write_member_int(b, "saved_bytes", (int64_t)a->saved_bytes);
    json_write_close(b, '}');
}

/* An attempt that has no row. What one that is under way has saved is where the next one would find it. */
static struct task_attempt without_row(const struct life *life, int64_t finished_ms, const struct task_save *save)
{
    struct task_attempt a = {
        .run = life->run, .number = life->attempt, .started_at_ms = life->started_at_ms, .finished_at_ms = finished_ms};
    if (life->state != TASK_RUNNING || !save->attempt) return a;
    bool own = save->attempt == life->attempt;
    a.resumed_from = own ? save->resumed_from : save->bytes ? save->attempt : 0;
    a.saved_at_ms = own ? save->at_ms : 0;
    a.saved_bytes = own ? save->bytes : 0;
    return a;
}

/* The attempts of one run: its last, when that has no row, then its rows from *at on. */
static void write_run_attempts(struct buf *b, const struct store_history *h, const struct life *life, int64_t finished_ms, size_t *at)
{
    bool has_row = *at < h->n_attempts && h->attempts[*at].attempt.run == life->run &&
                   h->attempts[*at].attempt.number == life->attempt;
    bool alive = life->state == TASK_RUNNING;
    if (!has_row && life->attempt > 0 && (alive || life->state == TASK_COMPLETED)) {
        struct task_attempt a = without_row(life, finished_ms, &h->save);
        write_attempt(b, &a, alive ? NULL : "done", 0, 0);
    }
    for (; *at < h->n_attempts && h->attempts[*at].attempt.run == life->run; ++*at) {
        const struct store_attempt *of = &h->attempts[*at];
        write_attempt(b, &of->attempt, life_verdict_word(of->attempt.verdict), of->log_bytes, of->output_bytes);
    }
}

static void write_run(struct buf *b, const struct task_ending *run)
{
    json_write_open(b, '{');
    json_write_member_int(b, "run", run->life.run);
    json_write_member_text(b, "status", state_word(run->life.state));
    json_write_member_int(b, "attempts", run->life.attempt);
    json_write_member_time(b, "started_at", run->life.started_at_ms);
    json_write_member_time(b, "finished_at", run->finished_at_ms);
    json_write_key(b, "cached_from");
    if (run->cached) json_write_id(b, &run->cached_from);
    else json_write_null(b);
    json_write_key(b, "error");
    task_json_write_error(b, &run->failure);
    json_write_close(b, '}');
}

static void on_read(struct store_req *req)
{
    struct asking *m = req->user;
    struct store_history *h = &m->store;
    int err = req->err ? req->err : h->found;
    if (err) {
        store_release(req);
        call_store_failed(m->call, err);
        return;
    }
    struct buf b = call_buf(m->call);
    size_t at = 0;
    json_write_open(&b, '{');
    json_write_key(&b, "items");
    json_write_open(&b, '[');
    if (!state_is_ending(h->life.state)) write_run_attempts(&b, h, &h->life, 0, &at);
    for (size_t i = 0; i < h->n_runs; i++) write_run_attempts(&b, h, &h->runs[i].life, h->runs[i].finished_at_ms, &at);
    json_write_close(&b, ']');
    json_write_key(&b, "runs");
    json_write_open(&b, '[');
    for (size_t i = 0; i < h->n_runs; i++) write_run(&b, &h->runs[i]);
    json_write_close(&b, ']');
    json_write_member_null(&b, "next_cursor");
    json_write_close(&b, '}');
    store_release(req);
    call_answer(m->call, 200, &b);
}

static void history(struct call *c)
{
    struct asking *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    if (call_id(c, &m->store.id)) return;
    m->store.limit = LIMIT_PAGE;
    store_history(c->api->server->store, &m->store, on_read, m);
}
