/* SPDX-License-Identifier: Apache-2.0
 *
 * How attempts end and tasks with them: settle, expiry, recovery.
 */
#include "store/apply_ops.h"

#include "base/mem.h"
#include "store/apply_cache.h"
#include "store/apply_once.h"
#include "store/apply_save.h"
#include "store/ready_fair.h"

#include <assert.h>
#include <stdlib.h>

struct failure apply_ops_failure(enum failure_code by_rule, int64_t now_ms)
{
    return (struct failure){.code = failure_word(by_rule), .message = failure_text(by_rule), .at_ms = now_ms};
}

/* The error of an ending that a verdict brought about: the rules' own code comes first, and of poison it is worth
 * keeping what killed the worker the last time. */
static struct failure verdict_failure(enum failure_code by_rule, const struct failure *verdict, struct arena *a, int64_t now_ms)
{
    if (by_rule == FAILURE_NONE) return *verdict;
    struct failure f = apply_ops_failure(by_rule, now_ms);
    if (by_rule != FAILURE_POISON) return f;
    f.message = arena_format(a, "%.*s; the last time: %.*s", STR_ARG(f.message), STR_ARG(verdict->message));
    f.detail = verdict->detail;
    f.attempt = verdict->attempt;
    return f;
}

int apply_ops_end(struct apply *a, const struct id *id, uint32_t lane, const struct task_ending *ending)
{
    uint32_t queue = a->ready->lanes[lane].queue;
    int64_t total = a->ready->queues[queue].n[ending->life.state] + 1;
    const struct life was = ready_get(a->ready, id)->life;
    int err = apply_save_drop(a, id);
    if (!err) err = a->shelf->ops->end(a->shelf, id, &a->ready->lanes[lane], ending);
    if (!err) err = a->shelf->ops->tally(a->shelf, a->ready->queues[queue].name, ending->life.state, total);
    bool owes = was.sequel || ending->next.len > 0;
    if (!err && owes) err = a->shelf->ops->owe(a->shelf, id, ending->life.run, ending->next);
    if (err) return err;
    a->owes = a->owes || owes;
    ready_remove(a->ready, id);
    ready_tally(a->ready, queue, ending->life.state, 1);
    if (was.cached) err = apply_cache_end(a, id, ending, !was.follows || was.woken);
    return !err && was.keyed ? apply_once_end(a, id, ending->finished_at_ms) : err;
}

int apply_ops_erase(struct apply *a, const struct id *id, struct str queue_name, enum task_state ending)
{
    uint32_t queue = ready_queue_of(a->ready, queue_name);
    if (queue == READY_NONE) return ERR_STORE;
    bool asked, owed = false;
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->owes(a->shelf, id, &asked, &owed);
    if (owed) return ERR_CONFLICT;
    if (!err) err = a->shelf->ops->files->unrefer(a->shelf, id);
    if (!err) err = a->shelf->ops->erase(a->shelf, id);
    if (!err) err = a->shelf->ops->tally(a->shelf, queue_name, ending, a->ready->queues[queue].n[ending] - 1);
    if (!err) ready_tally(a->ready, queue, ending, -1);
    return err;
}

/* A plain first success needs no row of its own in the history: its ending says it all. */
static bool worth_a_note(const struct store_settle_item *it)
{
    if (it->attempt.verdict == LIFE_UNSTARTED) return false; /* nor an attempt that never was */
    const struct task_attempt *a = &it->attempt;
    if (it->next_step.p) return true;
    return a->log.len > 0 || a->output.len > 0 || a->saved_at_ms > 0 || a->verdict != LIFE_DONE || it->life.attempt > 1;
}

uint32_t apply_ops_lane(struct apply *a, const struct task_body *body)
{
    char name[TASK_LANE];
    return ready_lane_of(a->ready, body->queue, task_lane(body, name), body->batch_key);
}

/* A chain goes on: into the lane of its next step. */
static int go_on(struct apply *a, struct store_settle_item *it, uint32_t lane, int64_t now_ms)
{
    const struct id id = it->attempt.id;
    const struct ready_lane *from = &a->ready->lanes[lane];
    struct task_body at = {.queue = from->queue_name, .type = task_lane_type(from->type), .step = it->next_step, .batch_key = from->batch_key};
    uint32_t next = apply_ops_lane(a, &at);
    if (next == READY_NONE) return ERR_STORE; /* tried again until a lane is empty */
    int err = apply_save_drop(a, &id);
    if (!err) err = a->shelf->ops->step(a->shelf, &id, &it->step);
    if (err) return err;
    ready_fair_replace(a->ready, lane, &id, &it->life, now_ms);
    err = a->shelf->ops->move(a->shelf, &id, &a->ready->lanes[lane], &a->ready->lanes[next], &it->life);
    if (!err) ready_put(a->ready, &id, next, &it->life);
    return err;
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
    bool goes_on = it->attempt.verdict == LIFE_DONE && it->next_step.p;
    struct life_input in = {.event = goes_on ? LIFE_STEP : it->attempt.verdict,
                            .now_ms = now_ms,
                            .fence = it->attempt.fence,
                            .retryable = it->retryable,
                            .shared = it->shared,
                            .retry_after_ms = it->retry_after_ms,
                            .chance = it->chance};
    it->err = life_step(&it->life, it->rules, &in, &it->outcome);
    if (it->err) return 0;
    err = apply_ops_begin(a);
    if (!err && worth_a_note(it)) err = a->shelf->ops->note(a->shelf, &it->attempt);
    if (err) return err;
    if (goes_on && !it->outcome.ended) return go_on(a, it, lane, now_ms);
    if (!err && it->step.name.p && it->life.state == TASK_COMPLETED) err = a->shelf->ops->step(a->shelf, &id, &it->step);
    if (err) return err;
    if (!it->outcome.ended) {
        ready_fair_replace(a->ready, lane, &id, &it->life, now_ms);
        err = apply_save_keep(a, it);
        if (!err) err = a->shelf->ops->change(a->shelf, &id, &a->ready->lanes[lane], &it->life);
        if (!err) ready_put(a->ready, &id, lane, &it->life);
        return err;
    }
    struct task_ending ending = {.life = it->life,
                                 .finished_at_ms = now_ms,
                                 .failure = verdict_failure(it->outcome.failure, &it->attempt.failure, arena, now_ms),
                                 .progress = it->progress,
                                 .batch_size = it->batch_size};
    if (it->life.state == TASK_COMPLETED) {
        ending.failure = (struct failure){0};
        ending.result = it->result;
        ending.files = it->files;
        ending.next = it->next;
    }
    return apply_ops_end(a, &id, lane, &ending);
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
    ending.failure = apply_ops_failure(out.failure, now_ms);
    err = apply_ops_begin(a);
    return err ? err : apply_ops_end(a, id, e->lane, &ending);
}

int apply_ops_unblock(struct apply *a, const struct ready_entry *e, const struct task_body *body, int64_t now_ms)
{
    struct id id = e->id;
    struct life life = e->life;
    uint32_t lane = e->lane;
    struct life_input in = {.event = LIFE_UNBLOCK, .now_ms = now_ms, .run_at_ms = body->run_at_ms};
    struct life_outcome out;
    int err = life_step(&life, &body->rules, &in, &out);
    assert(err == 0);
    ready_fair_replace(a->ready, lane, &id, &life, now_ms);
    err = a->shelf->ops->change(a->shelf, &id, &a->ready->lanes[lane], &life);
    if (!err) ready_put(a->ready, &id, lane, &life);
    return err;
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
    int err = apply_save_recall(a, e, &it.attempt);
    return err ? err : settle_one(a, &it, NULL, now_ms); /* lost is never poison: no text is made */
}

/* Its names are the lane's, which lives as long as it does. */
static void keep(struct apply *a, const struct ready_entry *e)
{
    const struct ready_lane *l = &a->ready->lanes[e->lane];
    a->leased = mem_grow(a->leased, (a->n_leased + 1) * sizeof *a->leased);
    a->leased[a->n_leased++] = (struct store_leased){.id = e->id, .run = e->life.run, .number = e->life.attempt,
                                                     .fence = e->life.fence, .queue = l->queue_name, .type = l->type,
                                                     .started_at_ms = e->life.started_at_ms};
}

int apply_ops_recover(struct apply *a, int64_t now_ms)
{
    int err = 0;
    for (uint32_t i = 0; i < a->ready->n && !err; i++) {
        const struct ready_entry *e = &a->ready->entries[i];
        if (e->lane == READY_NONE || e->life.state != TASK_RUNNING) continue;
        if (e->life.leased) {
            keep(a, e);
            continue;
        }
        a->lost = mem_grow(a->lost, (a->n_lost + 1) * sizeof *a->lost);
        a->lost[a->n_lost++] = (struct store_lost){e->id, e->life.run, e->life.attempt};
        err = lose(a, e, now_ms);
    }
    return err;
}
