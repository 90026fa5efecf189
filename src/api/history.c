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

static void write_attempt(struct buf *b, int32_t run, int32_t number, const char *verdict, int64_t started_ms,
                          int64_t finished_ms, const struct failure *f, size_t log_bytes)
{
    json_write_open(b, '{');
    json_write_member_int(b, "run", run);
    json_write_member_int(b, "attempt", number);
    json_write_member_text(b, "verdict", verdict);
    json_write_member_time(b, "started_at", started_ms);
    json_write_member_time(b, "finished_at", finished_ms);
    json_write_key(b, "error");
    task_json_write_error(b, f);
    json_write_member_int(b, "log_bytes", (int64_t)log_bytes);
    json_write_close(b, '}');
}

/* The attempts of one run: its last, when that has no row, then its rows from *at on. */
static void write_run_attempts(struct buf *b, const struct store_history *h, const struct life *life, int64_t finished_ms, size_t *at)
{
    static const struct failure none;
    bool has_row = *at < h->n_attempts && h->attempts[*at].attempt.run == life->run &&
                   h->attempts[*at].attempt.number == life->attempt;
    bool alive = life->state == TASK_RUNNING;
    if (!has_row && life->attempt > 0 && (alive || life->state == TASK_COMPLETED))
        write_attempt(b, life->run, life->attempt, alive ? NULL : "done", life->started_at_ms, finished_ms, &none, 0);
    for (; *at < h->n_attempts && h->attempts[*at].attempt.run == life->run; ++*at) {
        const struct task_attempt *a = &h->attempts[*at].attempt;
        write_attempt(b, a->run, a->number, life_verdict_word(a->verdict), a->started_at_ms, a->finished_at_ms, &a->failure,
                      h->attempts[*at].log_bytes);
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
