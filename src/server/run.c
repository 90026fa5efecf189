/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of run.h. Callbacks record and move it on; run_finish() is the one door to settling.
 */
#include "server/run.h"

#include "base/json_write.h"
#include "base/mem.h"
#include "server/ahead.h"
#include "server/inputs.h"
#include "server/server.h"

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
    it->attempt.output = buf_str(&r->output.packed);
    it->rules = &r->body.rules;
    it->retryable = v->retryable;
    it->shared = v->shared;
    it->batch_size = r->batch ? r->batch->size : 0;
    it->retry_after_ms = v->retry_after_ms;
    it->chance = rng_next(r->server->turn->rng);
    it->result = arena_str(&r->arena, v->result);
    it->files = arena_str(&r->arena, v->files);
    it->next = arena_str(&r->arena, v->next);
    it->progress = buf_str(&r->progress);
    it->attempt.resumed_from = r->resumed_from;
    if (!r->checkpoint) return;
    it->save = checkpoint_finish(r->checkpoint);
    it->attempt.saved_at_ms = r->checkpoint->last.at_ms;
    it->attempt.saved_bytes = r->checkpoint->last.bytes;
}

/* What cannot be: no second try would make it otherwise. */
static struct verdict impossible(enum failure_code code, const struct err *e)
{
    struct verdict v = {.event = LIFE_FAILED};
    v.failure.code = failure_word(code);
    v.failure.message = str_of(e->text);
    return v;
}

static int look_at_done(struct run *r, struct err *e)
{
    struct store_settle_item *it = &r->item;
    int err = r->chain ? chain_done(r, it, e) : 0;
    if (err || it->next.len == 0) return err;
    if (r->chain && it->next_step.p) return err_set(e, ERR_INVALID, "`next` is for the last step of a chain, not for \"%.*s\"", STR_ARG(r->chain->step));
    return sequel_check(&r->server->sequel, it->next, e);
}

/* A result that does not fit its chain, or followers that cannot be, are none. */
static void check_done(struct run *r)
{
    struct err e = {0};
    if (look_at_done(r, &e) == 0) return;
    struct verdict v = impossible(FAILURE_BAD_RESULT, &e);
    int64_t at_ms = r->item.attempt.finished_at_ms;
    r->item = (struct store_settle_item){.err = 0};
    keep_verdict(r, &v, at_ms);
}

/* Spare ones are for streams of short attempts: none is made where there is no such stream. */
static void leave_place(struct run *r)
{
    struct server *s = r->server;
    if (r->in_stream) attempt_spare_take_back(&s->spares, &r->place, s->conf.config->data_dir, s->conf.chores, turn_mono_ms(s->turn));
    else if (r->place.path[0]) attempt_dir_discard(r->place.path, s->conf.chores);
}

/* For estimates: what was taken back tells nothing of how long it takes. */
static void measure(const struct run *r)
{
    struct server *s = r->server;
    enum life_event verdict = r->item.attempt.verdict;
    if (!r->batch || verdict == LIFE_LOST || verdict == LIFE_RELEASED) return;
    int64_t ms = turn_mono_ms(s->turn) - r->batch->started_ms;
    struct str type = server_type_label(s, r->body.type);
    if (verdict == LIFE_DONE) eta_done(&s->eta, type, ms, r->batch->size);
    if (r->batch->open == 1) eta_batch_over(&s->eta, type, ms, r->batch->size);
}

void run_leave_batch(struct run *r)
{
    struct dispatch *d = &r->server->dispatch;
    struct run_batch *batch = r->batch;
    if (!batch) {
        dispatch_dropped(d, r->lane);
        return;
    }
    bool last = --batch->open == 0;
    r->batch = NULL;
    if (last) free(batch);
    dispatch_over(d, r->lane, last);
}

void run_finish(struct run *r, const struct verdict *v)
{
    struct server *s = r->server;
    assert(r->state != RUN_SETTLING);
    turn_timer_stop(s->turn, &r->timeout);
    r->state = RUN_SETTLING;
    keep_verdict(r, v, turn_wall_ms(s->turn));
    if (v->event == LIFE_DONE) check_done(r);
    if (r->item.files.len == 0) leave_place(r);
    else inputs_take_back(r);
    settle(r); /* before the room is free: the next claim comes after it, in the same commit */
    measure(r);
    if (!r->item.next_step.p) run_leave_batch(r); /* the next step of a chain is known when this is stored, and comes first */
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
        if (r->item.next_step.p) run_leave_batch(r);
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
    if (buf_err(&r->progress)) buf_clear(&r->progress); /* over its bounds, which the handler keeps: it is none */
    if (r->batch) news_progress(&r->server->news, r); /* before it is started: its start says it */
}

static void on_save(struct attempt *a, struct str data)
{
    struct run *r = CONTAINER_OF(a, struct run, attempt);
    if (!r->checkpoint)
        r->checkpoint = checkpoint_new(r->server->store, r->server->turn, &r->body.id, a->fence, a->number, r->resumed_from);
    checkpoint_say(r->checkpoint, data);
}

static void on_log(struct attempt *a, struct str bytes)
{
    struct run *r = CONTAINER_OF(a, struct run, attempt);
    logbook_add(&r->log, bytes);
    news_log(&r->server->news, r, bytes);
}

static bool on_output(struct attempt *a, int64_t n, struct str text)
{
    struct run *r = CONTAINER_OF(a, struct run, attempt);
    enum pieces_told told = pieces_add(&r->output, n, text);
    if (told == PIECES_TAKEN) news_output(&r->server->news, r, r->output.next - 1, text);
    return told != PIECES_FULL;
}

/* This post is left alone for a moment. */
static void hold(struct run *r, struct str why)
{
    struct post *post = r->lane->kind->post;
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
    struct post *post = r->lane->kind->post; /* the lane may go with its last task */
    run_finish(r, v);
    if (post) ahead_go(post);
}

static const struct attempt_events events = {on_progress, on_save, on_log, on_output, on_verdict};

/* ---- start and stop ---- */

void run_on_timeout(struct timer *t)
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
    run_finish(r, &(struct verdict){.event = LIFE_UNSTARTED});
}

static int give_place(struct run *r, struct err *e)
{
    struct server *s = r->server;
    const char *data_dir = s->conf.config->data_dir;
    if (r->in_stream && attempt_spare_give(&s->spares, &r->place, data_dir, s->conf.chores) == 0) return 0;
    return attempt_dir_make(r->place.path, data_dir, &r->body.id, r->attempt.run, r->attempt.number, s->conf.chores, e);
}

static int give_places(struct run *const *runs, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        int err = give_place(runs[i], e);
        if (!err) err = inputs_give(runs[i], e);
        if (err) return err;
    }
    return 0;
}

/* Not the tasks' fault. One process that has ended says nothing of the others of its pool. */
static void not_started(struct run *const *runs, size_t n, int err, struct str why)
{
    if (err != ERR_AWAY) hold(runs[0], why);
    for (size_t i = 0; i < n; i++) {
        runs[i]->state = RUN_CLAIMED;
        run_give_back(runs[i]);
    }
}

static void started(struct run *r)
{
    struct server *s = r->server;
    metrics_started(&s->metrics, r->body.queue, server_type_label(s, r->body.type),
                    turn_wall_ms(s->turn) - r->life.eligible_at_ms);
    turn_timer(s->turn, &r->timeout, r->body.timeout_ms, run_on_timeout);
    news_started(&s->news, r);
    if (r->life.cancel_requested) run_stop(r, STOP_CANCEL);
}

static void handed_over(struct server *s, struct lane *lane, struct str type, int32_t n)
{
    int32_t width = lane_width(lane);
    int64_t filled_ms = dispatch_handed_over(&s->dispatch, lane, n);
    lane->kind->post->hold_ms = 0;
    if (width == 1 && n == 1) return; /* what takes no batches */
    bool missed = n < width && dispatch_key_waits(lane);
    metrics_batch(&s->metrics, lane->kind->queue->name, server_type_label(s, type), n, filled_ms, missed);
}

void run_start_batch(struct run *const *runs, size_t n)
{
    struct handler *h = runs[0]->attempt.handler;
    struct attempt *attempts[LIMIT_BATCH];
    struct run *whole[LIMIT_BATCH];
    struct err e = {0};
    size_t kept = 0;
    assert(n >= 1 && n <= LIMIT_BATCH);
    for (size_t i = 0; i < n; i++) {
        if (inputs_check(runs[i], &e) == 0) whole[kept++] = runs[i];
        else run_finish(runs[i], &(struct verdict){.event = LIFE_FAILED, .failure = inputs_failure(&e)});
    }
    runs = whole;
    n = kept;
    for (size_t i = 0; i < n; i++) {
        attempts[i] = &runs[i]->attempt;
        runs[i]->state = RUN_RUNNING;
    }
    if (n == 0) return;
    int err = give_places(runs, n, &e);
    if (!err) err = h->ops->start(h, attempts, n, &e);
    if (err) {
        not_started(runs, n, err, str_of(e.text));
        return;
    }
    struct run_batch *batch = mem_new(sizeof *batch);
    *batch = (struct run_batch){.size = (int32_t)n, .open = (int32_t)n, .started_ms = turn_mono_ms(runs[0]->server->turn)};
    for (size_t i = 0; i < n; i++) runs[i]->batch = batch;
    handed_over(runs[0]->server, runs[0]->lane, runs[0]->body.type, (int32_t)n);
    for (size_t i = 0; i < n; i++) started(runs[i]);
}

void run_begin_attempt(struct run *r, struct handler *h)
{
    r->attempt = (struct attempt){.task = &r->body,
                                  .fence = r->life.fence,
                                  .run = r->life.run,
                                  .number = r->life.attempt,
                                  .alone = r->life.alone,
                                  .deaths = r->life.deaths,
                                  .dir = r->place.path,
                                  .events = &events,
                                  .handler = h};
    logbook_init(&r->log);
    pieces_init(&r->output);
    buf_init(&r->progress, LIMIT_MESSAGE * 6 + LIMIT_PROGRESS_DATA + 256);
    list_push(&r->server->runs, &r->link);
    (void)map_put(&r->server->run_by_id, id_key(&r->body.id), r);
}

static const struct task_step *copy_steps(struct run *r, const struct store_claim_item *item)
{
    struct task_step *steps = arena_alloc(&r->arena, (item->n_steps + 1) * sizeof *steps);
    for (size_t i = 0; i < item->n_steps; i++) steps[i] = task_copy_step(&r->arena, &item->steps[i]);
    return steps;
}

void run_begin(struct server *s, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool only)
{
    struct run *r = mem_new(sizeof *r);
    r->server = s;
    r->lane = lane;
    r->life = item->life;
    arena_init(&r->arena);
    if (only) {
        r->arena = *arena;
        arena_init(arena);
        r->body = item->body;
    } else {
        r->body = task_copy_body(&r->arena, &item->body);
    }
    run_begin_attempt(r, lane->kind->post->handler);
    inputs_keep(r, item);
    r->attempt.resume = only ? item->resume : arena_str(&r->arena, item->resume);
    r->resumed_from = item->resumed_from;
    r->type = r->body.type;
    struct err e = {0};
    bool is_chain = chain_is(r->server, &r->body);
    const struct task_step *steps = only || !is_chain ? item->steps : copy_steps(r, item);
    if (is_chain && chain_begin(r, steps, item->n_steps, &e)) {
        struct verdict v = impossible(FAILURE_INVALID_INPUT, &e);
        run_finish(r, &v);
        return;
    }
    ahead_wait(r);
}
