/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of run.h. Callbacks record and move it on; finish() is the one door to settling.
 */
#include "server/run.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "server/ahead.h"
#include "server/server.h"
#include "task/order.h"

#include <assert.h>
#include <stdlib.h>

#define SETTLE_FIRST_MS 250
#define SETTLE_CAP_MS 5000
#define HOLD_FIRST_MS 1000 /* no further start on a post that could not start one */
#define HOLD_CAP_MS 60000

static void settle(struct run *r);

/* ---- the verdict ---- */

/* The verdict's texts are borrowed for the call only: they are kept in the run's arena. */
static void keep_verdict(struct run *r, const struct verdict *v, int64_t now_ms)
{
    struct store_settle_item *it = &r->item;
    it->attempt = (struct task_attempt){.id = r->body.id,
                                        .run = r->attempt.run,
                                        .number = r->attempt.number,
                                        .fence = r->attempt.fence,
                                        .started_at_ms = r->life.started_at_ms,
                                        .finished_at_ms = now_ms,
                                        .verdict = v->event,
                                        .failure = task_copy_failure(&r->arena, &v->failure)};
    if (it->attempt.failure.code.len) {
        it->attempt.failure.attempt = r->attempt.number;
        it->attempt.failure.at_ms = now_ms;
    }
    if (!logbook_is_empty(&r->log)) it->attempt.log = logbook_text(&r->log, &r->arena);
    it->rules = &r->body.rules;
    it->retryable = v->retryable;
    it->retry_after_ms = v->retry_after_ms;
    it->chance = rng_next(r->server->turn->rng);
    it->result = arena_str(&r->arena, v->result);
    it->files = arena_str(&r->arena, v->files);
    it->progress = buf_str(&r->progress);
}

/* Spare ones are for streams of short attempts: none is made where there is no such stream. */
static void leave_place(struct run *r)
{
    struct server *s = r->server;
    if (r->in_stream) attempt_spare_take_back(&s->spares, &r->place, s->conf.config->data_dir, s->conf.chores, turn_mono_ms(s->turn));
    else if (r->place.path[0]) attempt_dir_discard(r->place.path, s->conf.chores);
}

static void finish(struct run *r, const struct verdict *v)
{
    struct server *s = r->server;
    assert(r->state != RUN_SETTLING);
    turn_timer_stop(s->turn, &r->timeout);
    r->state = RUN_SETTLING;
    keep_verdict(r, v, turn_wall_ms(s->turn));
    if (v->files.len == 0) leave_place(r);
    settle(r); /* before the room is free: the next claim comes after it, in the same commit */
    dispatch_free(&s->dispatch, r->lane);
}

static void on_settle_again(struct timer *t)
{
    settle(CONTAINER_OF(t, struct run, settle_again));
}

static void on_settled(struct store_req *req)
{
    struct run *r = req->user;
    int err = req->err;
    const char *why = req->why;
    store_release(req);
    if (!err) {
        server_run_over(r->server, r);
        return;
    }
    if (r->settle_delay_ms == 0) log_warn("the store did not take a verdict (%s); trying until it does", why ? why : err_text(err));
    r->settle_delay_ms = r->settle_delay_ms ? r->settle_delay_ms * 2 : SETTLE_FIRST_MS;
    if (r->settle_delay_ms > SETTLE_CAP_MS) r->settle_delay_ms = SETTLE_CAP_MS;
    turn_timer(r->server->turn, &r->settle_again, r->settle_delay_ms, on_settle_again);
}

static void settle(struct run *r)
{
    r->settle = (struct store_settle){.items = &r->item, .n = 1};
    store_settle(r->server->store, &r->settle, on_settled, r);
}

/* ---- what the handler tells ---- */

static void on_progress(struct attempt *a, const struct progress *p)
{
    struct run *r = CONTAINER_OF(a, struct run, attempt);
    buf_clear(&r->progress);
    json_write_open(&r->progress, '{');
    json_write_key(&r->progress, "percent");
    if (p->percent < 0) json_write_null(&r->progress);
    else json_write_double(&r->progress, p->percent);
    json_write_member_str(&r->progress, "message", p->message);
    json_write_member_raw(&r->progress, "data", p->data.len ? p->data : STR("{}"));
    json_write_close(&r->progress, '}');
    if (buf_err(&r->progress)) buf_clear(&r->progress); /* over its bounds: the handler has cut it, so this is none */
}

static void on_log(struct attempt *a, struct str bytes)
{
    logbook_add(&CONTAINER_OF(a, struct run, attempt)->log, bytes);
}

/* This post is left alone for a moment. */
static void hold(struct run *r, struct str why)
{
    struct post *post = r->lane->post;
    if (!post) return; /* its type went with a reload */
    int64_t now_ms = turn_mono_ms(r->server->turn);
    if (post->hold_until_ms <= now_ms) { /* else it was claimed together with one that failed: the same trouble */
        post->hold_ms = post->hold_ms ? post->hold_ms * 2 : HOLD_FIRST_MS;
        if (post->hold_ms > HOLD_CAP_MS) post->hold_ms = HOLD_CAP_MS;
        post->hold_until_ms = now_ms + post->hold_ms;
    }
    (void)str_copy(post->problem, sizeof post->problem, why);
    log_warn("an attempt could not be started or finished, next try in %lld ms: %.*s", (long long)post->hold_ms, STR_ARG(why));
}

static void on_verdict(struct attempt *a, const struct verdict *v)
{
    struct run *r = CONTAINER_OF(a, struct run, attempt);
    struct server *s = r->server;
    struct err e = {0};
    struct verdict unkept = {.event = LIFE_RELEASED};
    if (v->files.len && attempt_spare_make_own(&r->place, s->conf.config->data_dir, &r->body.id, a->run, a->number,
                                               s->conf.chores, &e) != 0) {
        unkept.shortage = str_of(e.text);
        v = &unkept;
    }
    if (v->shortage.len) hold(r, v->shortage);
    struct post *post = r->lane->post; /* the lane may go with its last task */
    finish(r, v);
    if (post) ahead_go(post);
}

static const struct attempt_events events = {on_progress, on_log, on_verdict};

/* ---- start and stop ---- */

static void on_timeout(struct timer *t)
{
    struct run *r = CONTAINER_OF(t, struct run, timeout);
    run_stop(r, STOP_TIMEOUT);
}

void run_stop(struct run *r, enum stop_reason why)
{
    if (why == STOP_CANCEL) r->life.cancel_requested = true;
    if (r->state == RUN_CLAIMED) {
        ahead_leave(r);
        run_give_back(r);
        return;
    }
    if (r->state != RUN_RUNNING) return; /* stopping: the ladder is under way */
    r->state = RUN_STOPPING;
    turn_timer_stop(r->server->turn, &r->timeout);
    r->attempt.handler->ops->stop(r->attempt.handler, &r->attempt, why);
}

void run_give_back(struct run *r)
{
    finish(r, &(struct verdict){.event = LIFE_UNSTARTED});
}

static int give_place(struct run *r, struct err *e)
{
    struct server *s = r->server;
    const char *data_dir = s->conf.config->data_dir;
    if (r->in_stream && attempt_spare_give(&s->spares, &r->place, data_dir, s->conf.chores) == 0) return 0;
    return attempt_dir_make(r->place.path, data_dir, &r->body.id, r->attempt.run, r->attempt.number, s->conf.chores, e);
}

void run_start(struct run *r)
{
    struct server *s = r->server;
    struct err e = {0};
    int err = give_place(r, &e);
    if (!err) {
        r->state = RUN_RUNNING;
        err = r->attempt.handler->ops->start(r->attempt.handler, &r->attempt, &e);
    }
    if (err) { /* not the task's fault */
        r->state = RUN_CLAIMED;
        hold(r, str_of(e.text));
        run_give_back(r);
        return;
    }
    r->lane->post->hold_ms = 0;
    metrics_started(&s->metrics, r->body.queue, server_type_label(s, r->body.type),
                    turn_wall_ms(s->turn) - order_eligible_ms(r->life.rank));
    turn_timer(s->turn, &r->timeout, r->body.timeout_ms, on_timeout);
    if (r->life.cancel_requested) run_stop(r, STOP_CANCEL);
}

void run_begin(struct server *s, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool alone)
{
    struct run *r = mem_new(sizeof *r);
    r->server = s;
    r->lane = lane;
    r->life = item->life;
    arena_init(&r->arena);
    if (alone) {
        r->arena = *arena;
        arena_init(arena);
        r->body = item->body;
    } else {
        r->body = task_copy_body(&r->arena, &item->body);
    }
    r->attempt = (struct attempt){.task = &r->body,
                                  .fence = item->life.fence,
                                  .run = item->life.run,
                                  .number = item->life.attempt,
                                  .deaths = item->life.deaths,
                                  .dir = r->place.path,
                                  .events = &events,
                                  .handler = lane->post->handler};
    logbook_init(&r->log);
    buf_init(&r->progress, LIMIT_MESSAGE * 6 + LIMIT_PROGRESS_DATA + 256);
    list_push(&s->runs, &r->link);
    (void)map_put(&s->run_by_id, id_key(&r->body.id), r);
    ahead_wait(r);
}
