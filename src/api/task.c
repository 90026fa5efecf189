/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/tasks/{id}: one task, its result, its log and streamed output, cancel and retry.
 */
#include "api/api.h"
#include "api/call_body.h"
#include "api/command.h"
#include "api/event_stream.h"
#include "api/follow.h"
#include "api/task_json.h"
#include "api/wait.h"

static void get(struct call *c);
static void result(struct call *c);
static void log_text(struct call *c);
static void output(struct call *c);
static void cancel(struct call *c);
static void retry(struct call *c);

const struct route task_routes[] = {
    {"GET", "/v1/tasks/{}", " wait share ", get},
    {"GET", "/v1/tasks/{}/result", " ", result},
    {"GET", "/v1/tasks/{}/log", " run attempt from follow ", log_text},
    {"GET", "/v1/tasks/{}/output", " run attempt from follow ", output},
    {"POST", "/v1/tasks/{}/cancel", " ", cancel},
    {"POST", "/v1/tasks/{}/retry", " ", retry},
    {0},
};

static void get(struct call *c)
{
    struct id id;
    int64_t wait_ms;
    if (call_id(c, &id) || call_wait_ms(c, &wait_ms) || call_shares(c)) return;
    wait_start(c, &id, wait_ms);
}

/* True: answered, the request failed or the task is not there. */
static bool refused(struct call *c, int err)
{
    if (err) call_store_failed(c, err);
    return err != 0;
}

/* ---- result ---- */

struct fetch {
    struct call *call;
    struct store_get get;
};

/* What the store said lies in the request, which is over with the answer: it is let go before. */
static void no_result(struct call *c, struct store_req *req, const struct task *t)
{
    struct err e;
    struct buf extra;
    buf_init(&extra, TASK_JSON_MAX);
    json_write_open(&extra, '{');
    json_write_member_text(&extra, "task_status", state_word(t->life.state));
    json_write_key(&extra, "error");
    task_json_write_error(&extra, &t->ending.failure);
    json_write_close(&extra, '}');
    (void)err_set(&e, ERR_CONFLICT, "the task ended %s: there is no result", state_word(t->life.state));
    store_release(req);
    call_problem_with(c, &e, NULL, 0, buf_err(&extra) ? STR_NONE : buf_str(&extra));
    buf_release(&extra);
}

static void on_result(struct store_req *req);

/* A result over LIMIT_INLINE is asked for on its own, when its size is known and there is room for it. */
static void fetch(struct fetch *f, size_t result_max)
{
    f->get = (struct store_get){.id = f->get.id, .result_max = result_max};
    store_get(f->call->api->server->store, &f->get, on_result, f);
}

static void on_result(struct store_req *req)
{
    struct fetch *f = req->user;
    struct call *c = f->call;
    const struct task *t = &f->get.task;
    int err = req->err ? req->err : f->get.found;
    if (err) {
        store_release(req);
        (void)refused(c, err);
        return;
    }
    if (t->life.state == TASK_COMPLETED && t->ending.purged & RETAIN_RESULT) {
        store_release(req);
        call_refuse(c, ERR_GONE, "the result was kept for its time and is gone");
    } else if (t->life.state == TASK_COMPLETED && t->result_bytes > f->get.result_max) {
        size_t bytes = t->result_bytes;
        store_release(req);
        if (!call_claim(c, bytes)) fetch(f, LIMIT_RESULT);
    } else if (t->life.state == TASK_COMPLETED) {
        struct str body = t->ending.result;
        arena_adopt(&c->req->arena, &req->arena); /* not copied: it may be large */
        store_release(req);
        call_answer_with(c, 200, CALL_JSON, body, NULL, 0);
    } else if (state_is_ending(t->life.state)) {
        no_result(c, req, t);
    } else {
        struct buf b = call_buf(c);
        task_json_write(&b, c->api->server, t, task_json_of(c));
        store_release(req);
        struct http_header later = {STR("Retry-After"), STR("1")};
        call_answer_buf(c, 202, CALL_JSON, &b, &later, 1);
    }
}

static void result(struct call *c)
{
    struct fetch *f = arena_alloc(&c->req->arena, sizeof *f);
    f->call = c;
    if (!call_id(c, &f->get.id)) fetch(f, LIMIT_INLINE);
}

/* ---- log, streamed output ---- */

struct reading {
    struct call *call;
    struct store_log log;
    int64_t from; /* output: the number of the first piece; log: bytes before it */
};

static void answer_log(struct call *c, struct str text)
{
    call_answer_with(c, 200, CALL_TEXT, text, NULL, 0);
}

/* Says which piece to ask for next, so that a client that comes again while it runs gets what is new. */
static void answer_output(struct call *c, struct str packed, int64_t from)
{
    int64_t next;
    struct str text = pieces_text(packed, from, &c->req->arena, &next);
    struct http_header header = {STR("Bide-Output-Next"), arena_format(&c->req->arena, "%lld", (long long)next)};
    call_answer_with(c, 200, CALL_TEXT, text, &header, 1);
}

static void on_log(struct store_req *req)
{
    struct reading *r = req->user;
    struct call *c = r->call;
    int err = req->err ? req->err : r->log.found;
    struct str text = err ? STR_NONE : r->log.log;
    arena_adopt(&c->req->arena, &req->arena);
    store_release(req);
    if (refused(c, err)) return;
    if (r->log.output) answer_output(c, text, r->from);
    else answer_log(c, logbook_text_since(text, (uint64_t)r->from, &c->req->arena));
}

/* Of which attempt; NULL: answered, refused. *ret_live: it is under way, and what it said is there, not in the store yet. */
static struct reading *read_which(struct call *c, const struct run **ret_live)
{
    struct reading *r = arena_alloc(&c->req->arena, sizeof *r);
    int64_t run, attempt;
    r->call = c;
    if (call_id(c, &r->log.id) || call_number(c, "run", 1, INT32_MAX, 0, &run) ||
        call_number(c, "attempt", 1, INT32_MAX, 0, &attempt))
        return NULL;
    const struct run *live = server_run(c->api->server, &r->log.id);
    *ret_live = live && (!run || run == live->attempt.run) && (!attempt || attempt == live->attempt.number) ? live : NULL;
    r->log.run = (int32_t)run;
    r->log.number = (int32_t)attempt;
    return r;
}

/* `follow=1`, or events are asked for: true, and it is answered. */
static bool follows(struct call *c, const struct reading *r)
{
    int64_t follow;
    if (call_number(c, "follow", 0, 1, event_stream_is_asked(c->req), &follow)) return true;
    if (follow) follow_start(c, &(struct follow_what){.id = r->log.id, .output = r->log.output, .run = r->log.run,
                                                      .attempt = r->log.number, .from = r->from});
    return follow != 0;
}

static void log_text(struct call *c)
{
    const struct run *live;
    struct reading *r = read_which(c, &live);
    if (!r || call_number(c, "from", 0, PIECES_LAST, 0, &r->from) || follows(c, r)) return;
    if (live) answer_log(c, logbook_since(&live->log, (uint64_t)r->from, &c->req->arena));
    else if (!call_claim(c, LIMIT_LOG)) store_log(c->api->server->store, &r->log, on_log, r);
}

static void output(struct call *c)
{
    const struct run *live;
    struct reading *r = read_which(c, &live);
    if (!r || call_number(c, "from", 0, PIECES_LAST, 0, &r->from)) return;
    r->log.output = true;
    if (follows(c, r)) return;
    if (call_claim(c, live ? live->output.packed.len : 2 * LIMIT_OUTPUT)) return; /* of the store: packed, and as text */
    if (live) answer_output(c, buf_str(&live->output.packed), r->from);
    else store_log(c->api->server->store, &r->log, on_log, r);
}

/* ---- cancel, retry ---- */

struct change {
    struct call *call;
    struct server_control control;
    struct store_get get; /* afterwards: how it stands */
    bool pending;         /* a cancel that waits for its attempt to be over */
};

static void on_shown(struct store_req *req)
{
    struct change *m = req->user;
    struct call *c = m->call;
    int err = req->err ? req->err : m->get.found;
    if (err) {
        store_release(req);
        (void)refused(c, err);
        return;
    }
    struct buf b = call_buf(c);
    m->get.task.life = m->control.one.life; /* as the change left it, whatever has happened since */
    task_json_write(&b, c->api->server, &m->get.task, TASK_SHOW_NEITHER);
    store_release(req);
    struct http_header later = {STR("Retry-After"), STR("1")};
    call_answer_buf(c, m->pending ? 202 : 200, CALL_JSON, &b, &later, m->pending);
}

static void show(struct change *m)
{
    m->get = (struct store_get){.id = m->control.one.id};
    store_get(m->call->api->server->store, &m->get, on_shown, m);
}

static void on_cancelled(struct server_control *control)
{
    struct change *m = CONTAINER_OF(control, struct change, control);
    int err = control->store.req.err ? control->store.req.err : control->one.err;
    m->pending = control->one.life.state == TASK_RUNNING;
    store_release(&control->store.req);
    if (!refused(m->call, err)) show(m);
}

static void cancel(struct call *c)
{
    struct change *m = arena_alloc(&c->req->arena, sizeof *m);
    struct id id;
    m->call = c;
    if (call_id(c, &id) || call_body_nothing(c)) return;
    m->control.one = (struct store_control_item){.id = id, .verb = STORE_CANCEL};
    server_control(c->api->server, &m->control, on_cancelled);
}

static void on_retried(struct server_control *control)
{
    struct change *m = CONTAINER_OF(control, struct change, control);
    int err = control->store.req.err ? control->store.req.err : control->one.err;
    store_release(&control->store.req);
    m->pending = true; /* accepted: a new run is to come */
    if (err == ERR_CONFLICT) call_refuse(m->call, err, "only a task that has ended can be retried");
    else if (err == ERR_GONE) call_refuse(m->call, err, "its input was kept for its time and is gone: submit it anew");
    else if (err == ERR_KEY_HELD) call_refuse(m->call, err, "another task that has not ended holds its key");
    else if (err == ERR_QUEUE_FULL) call_refuse(m->call, err, "its queue is full; try again later");
    else if (!refused(m->call, err)) show(m);
}

/* The capacity is its queue's: the task must be looked up before it can be retried. */
static void on_before_retry(struct store_req *req)
{
    struct change *m = req->user;
    struct call *c = m->call;
    int err = req->err ? req->err : m->get.found;
    const struct queue *q = err ? NULL : queue_find(&c->api->server->queues, m->get.task.body.queue);
    struct id id = m->get.id;
    struct err e;
    int forbidden = err ? 0 : command_check(c->req, c->api->server, m->get.task.body.type, &e);
    store_release(req);
    if (forbidden) call_problem(c, &e);
    if (forbidden || refused(c, err)) return;
    m->control.one = (struct store_control_item){.id = id, .verb = STORE_RETRY, .capacity = q ? q->capacity : 0};
    server_control(c->api->server, &m->control, on_retried);
}

static void retry(struct call *c)
{
    struct change *m = arena_alloc(&c->req->arena, sizeof *m);
    m->call = c;
    if (call_id(c, &m->get.id) || call_body_nothing(c)) return;
    if (c->api->server->draining) {
        call_refuse(c, ERR_DRAINING, "the server is stopping; retry when it is back");
        return;
    }
    struct err e;
    if (server_check_disk(c->api->server, &e)) {
        call_problem(c, &e);
        return;
    }
    store_get(c->api->server->store, &m->get, on_before_retry, m);
}
