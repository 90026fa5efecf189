/* SPDX-License-Identifier: Apache-2.0
 *
 * How tasks end, go back, begin again: settle, control, expiry, recovery.
 */
#include "store/apply_ops.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* The error of an ending that the rules brought about. */
static struct failure rule_failure(enum failure_code by_rule, int64_t now_ms)
{
    return (struct failure){.code = failure_word(by_rule), .message = failure_text(by_rule), .at_ms = now_ms};
}

/* The error of an ending that a verdict brought about: the rules' own code comes first, and of poison it is worth
 * keeping what killed the worker the last time. */
static struct failure verdict_failure(enum failure_code by_rule, const struct failure *verdict, struct arena *a, int64_t now_ms)
{
    if (by_rule == FAILURE_NONE) return *verdict;
    struct failure f = rule_failure(by_rule, now_ms);
    if (by_rule != FAILURE_POISON) return f;
    f.message = arena_format(a, "%.*s; the last time: %.*s", STR_ARG(f.message), STR_ARG(verdict->message));
    f.detail = verdict->detail;
    f.attempt = verdict->attempt;
    return f;
}

static int end(struct apply *a, const struct id *id, uint32_t lane, const struct task_ending *ending)
{
    uint32_t queue = a->ready->lanes[lane].queue;
    int64_t total = a->ready->queues[queue].n[ending->life.state] + 1;
    int err = a->shelf->ops->end(a->shelf, id, ending);
    if (!err) err = a->shelf->ops->tally(a->shelf, a->ready->queues[queue].name, ending->life.state, total);
    if (err) return err;
    ready_remove(a->ready, id);
    ready_tally(a->ready, queue, ending->life.state, 1);
    return 0;
}

/* A plain first success needs no row of its own in the history: its ending says it all. */
static bool worth_a_note(const struct store_settle_item *it)
{
    if (it->attempt.verdict == LIFE_UNSTARTED) return false; /* nor an attempt that never was */
    return it->attempt.log.len > 0 || it->attempt.verdict != LIFE_DONE || it->life.attempt > 1;
}

static int settle_one(struct apply *a, struct store_settle_item *it, struct arena *arena, int64_t now_ms)
{
    const struct id id = it->attempt.id;
    const struct ready_entry *e = ready_get(a->ready, &id);
    int err;
    if (!e) {
        struct life gone;
        err = a->shelf->ops->ended(a->shelf, &id, &gone);
        it->err = err == 0 ? ERR_STALE : err;
        return err == 0 || err == ERR_NOT_FOUND ? 0 : err;
    }
    uint32_t lane = e->lane;
    it->life = e->life;
    struct life_input in = {.event = it->attempt.verdict,
                            .now_ms = now_ms,
                            .fence = it->attempt.fence,
                            .retryable = it->retryable,
                            .retry_after_ms = it->retry_after_ms,
                            .chance = it->chance};
    it->err = life_step(&it->life, it->rules, &in, &it->outcome);
    if (it->err) return 0;
    err = apply_ops_begin(a);
    if (!err && worth_a_note(it)) err = a->shelf->ops->note(a->shelf, &it->attempt);
    if (err) return err;
    if (!it->outcome.ended) {
        err = a->shelf->ops->change(a->shelf, &id, &it->life);
        if (!err) ready_put(a->ready, &id, lane, &it->life);
        return err;
    }
    struct task_ending ending = {.life = it->life,
                                 .finished_at_ms = now_ms,
                                 .failure = verdict_failure(it->outcome.failure, &it->attempt.failure, arena, now_ms),
                                 .progress = it->progress};
    if (it->life.state == TASK_COMPLETED) {
        ending.failure = (struct failure){0};
        ending.result = it->result;
        ending.files = it->files;
    }
    return end(a, &id, lane, &ending);
}

int apply_ops_settle(struct apply *a, struct store_settle *r)
{
    for (size_t i = 0; i < r->n; i++) {
        int err = settle_one(a, &r->items[i], &r->req.arena, r->req.now_ms);
        if (err) return err;
    }
    return 0;
}

int apply_ops_expire(struct apply *a, const struct id *id, int64_t now_ms)
{
    const struct ready_entry *e = ready_get(a->ready, id);
    struct task_ending ending = {.life = e->life, .finished_at_ms = now_ms};
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_EXPIRE, .now_ms = now_ms};
    struct life_outcome out;
    int err = life_step(&ending.life, &none, &in, &out);
    assert(err == 0 && out.ended);
    ending.failure = rule_failure(out.failure, now_ms);
    err = apply_ops_begin(a);
    return err ? err : end(a, id, e->lane, &ending);
}

static int cancel_one(struct apply *a, struct store_control_item *it, int64_t now_ms)
{
    const struct ready_entry *e = ready_get(a->ready, &it->id);
    if (!e) {
        int err = a->shelf->ops->ended(a->shelf, &it->id, &it->life);
        it->err = err;
        return err == ERR_NOT_FOUND ? 0 : err;
    }
    uint32_t lane = e->lane;
    it->life = e->life;
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_CANCEL, .now_ms = now_ms};
    struct life_outcome out;
    int err = life_step(&it->life, &none, &in, &out);
    assert(err == 0);
    it->changed = out.changed;
    it->ended = out.ended;
    it->queue = a->ready->lanes[lane].queue_name;
    it->type = a->ready->lanes[lane].type;
    if (!out.changed) return 0;
    err = apply_ops_begin(a);
    if (err) return err;
    if (out.ended) {
        struct task_ending ending = {.life = it->life, .finished_at_ms = now_ms};
        ending.failure = rule_failure(out.failure, now_ms);
        return end(a, &it->id, lane, &ending);
    }
    err = a->shelf->ops->change(a->shelf, &it->id, &it->life);
    if (!err) ready_put(a->ready, &it->id, lane, &it->life);
    return err;
}

static int retry_one(struct apply *a, struct store_control_item *it, struct arena *arena, int64_t now_ms)
{
    if (ready_get(a->ready, &it->id)) {
        it->err = ERR_CONFLICT;
        return 0;
    }
    struct task_body body;
    int err = a->shelf->ops->ended(a->shelf, &it->id, &it->life);
    if (!err) err = a->shelf->ops->body(a->shelf, &it->id, arena, &body);
    if (err) {
        it->err = err;
        return err == ERR_NOT_FOUND ? 0 : err;
    }
    uint32_t lane = ready_lane_of(a->ready, body.queue, body.type);
    uint32_t queue = lane == READY_NONE ? READY_NONE : a->ready->lanes[lane].queue;
    if (lane == READY_NONE || (it->capacity > 0 && ready_queued(a->ready, queue) >= it->capacity)) {
        it->err = ERR_QUEUE_FULL;
        return 0;
    }
    enum task_state was = it->life.state;
    struct life_input in = {.event = LIFE_RETRY, .now_ms = now_ms};
    struct life_outcome out;
    it->err = life_step(&it->life, &body.rules, &in, &out);
    if (it->err) return 0;
    err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->again(a->shelf, &it->id, &it->life);
    if (!err) err = a->shelf->ops->tally(a->shelf, body.queue, was, a->ready->queues[queue].n[was] - 1);
    if (err) return err;
    ready_tally(a->ready, queue, was, -1);
    ready_put(a->ready, &it->id, lane, &it->life);
    it->changed = true;
    it->queue = body.queue;
    it->type = body.type;
    return 0;
}

int apply_ops_control(struct apply *a, struct store_control *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct store_control_item *it = &r->items[i];
        it->err = 0;
        it->changed = it->ended = false;
        int err = 0;
        switch (it->verb) {
        case STORE_CANCEL: err = cancel_one(a, it, r->req.now_ms); break;
        case STORE_RETRY: err = retry_one(a, it, &r->req.arena, r->req.now_ms); break;
        }
        if (err) return err;
    }
    return 0;
}

/* One attempt of the process that is gone: lost, nobody's fault; the task keeps its place, or ends when somebody had
 * asked for that. */
static int lose(struct apply *a, const struct ready_entry *e, int64_t now_ms)
{
    struct life_rules none = {0};
    struct store_settle_item it = {
        .attempt = {.id = e->id,
                    .run = e->life.run,
                    .number = e->life.attempt,
                    .fence = e->life.fence,
                    .started_at_ms = e->life.started_at_ms,
                    .finished_at_ms = now_ms,
                    .verdict = LIFE_LOST,
                    .failure = {.code = failure_word(FAILURE_LOST),
                                .message = failure_text(FAILURE_LOST),
                                .attempt = e->life.attempt,
                                .at_ms = now_ms}},
        .rules = &none,
    };
    return settle_one(a, &it, NULL, now_ms); /* lost is never poison: no text is made */
}

int apply_ops_recover(struct apply *a, int64_t now_ms)
{
    int err = 0;
    for (uint32_t i = 0; i < a->ready->n && !err; i++) {
        const struct ready_entry *e = &a->ready->entries[i];
        if (e->lane == READY_NONE || e->life.state != TASK_RUNNING) continue;
        a->lost = mem_grow(a->lost, (a->n_lost + 1) * sizeof *a->lost);
        a->lost[a->n_lost++] = (struct store_lost){e->id, e->life.run, e->life.attempt};
        err = lose(a, e, now_ms);
    }
    return err;
}
