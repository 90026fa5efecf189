/* SPDX-License-Identifier: Apache-2.0
 *
 * What people do to a task: cancel, retry, change, delete, settle it from outside.
 */
#include "store/apply_control.h"

#include "store/apply_once.h"
#include "store/apply_ops.h"
#include "store/apply_share.h"
#include "store/ready_fair.h"

#include <assert.h>

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
        ending.failure = apply_ops_failure(out.failure, now_ms);
        return apply_ops_end(a, &it->id, lane, &ending);
    }
    err = a->shelf->ops->change(a->shelf, &it->id, &a->ready->lanes[lane], &it->life);
    if (!err) ready_put(a->ready, &it->id, lane, &it->life);
    return err;
}

/* An ended task as it is. it->err: it has not ended, or is not there. */
static int find_ended(struct apply *a, struct store_control_item *it, struct arena *arena, struct task_body *ret)
{
    if (ready_get(a->ready, &it->id)) {
        it->err = ERR_CONFLICT;
        return 0;
    }
    int err = a->shelf->ops->ended(a->shelf, &it->id, &it->life);
    if (!err) err = a->shelf->ops->body(a->shelf, &it->id, arena, ret);
    it->was = it->life;
    it->err = err;
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int retry_one(struct apply *a, struct store_control_item *it, struct arena *arena, int64_t now_ms)
{
    struct task_body body;
    int err = find_ended(a, it, arena, &body);
    if (!err && !it->err && body.input.len == 0) it->err = ERR_GONE; /* the least input is {} */
    if (err || it->err) return err;
    uint32_t lane = apply_ops_lane(a, &body);
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
    bool sequel = false, owed;
    err = apply_ops_begin(a);
    if (!err && body.key.p) err = apply_once_retake(a, &body, &it->life, &it->err);
    if (!err && !it->err) err = a->shelf->ops->owes(a->shelf, &it->id, &sequel, &owed);
    it->life.sequel = sequel;
    if (err || it->err) return err;
    uint32_t key = ready_fair_key(a->ready, queue, body.limit_key);
    ready_fair_place(a->ready, lane, key, &it->life, now_ms);
    err = a->shelf->ops->again(a->shelf, &it->id, &it->life);
    if (!err) err = a->shelf->ops->tally(a->shelf, body.queue, was, a->ready->queues[queue].n[was] - 1);
    if (err) return err;
    ready_tally(a->ready, queue, was, -1);
    ready_add(a->ready, &it->id, lane, key, &it->life);
    it->changed = true;
    it->queue = body.queue;
    it->type = body.type;
    return 0;
}

/* ---- change and delete ---- */

static bool same_tags(const struct task_body *a, const struct task_body *b)
{
    if (a->n_tags != b->n_tags) return false;
    for (size_t i = 0; i < a->n_tags; i++)
        if (!str_eq(a->tags[i].key, b->tags[i].key) || !str_eq(a->tags[i].value, b->tags[i].value)) return false;
    return true;
}

/* As if a tick had been there: rows do not tell of promotions, the index does. */
static struct life promoted(const struct life *life, int64_t now_ms)
{
    struct life l = *life;
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_DUE, .now_ms = now_ms};
    struct life_outcome out;
    int err = life_step(&l, &none, &in, &out);
    assert(err == 0);
    return l;
}

/* Ranks that were given anew are the index's, not the rows': then its age says whether it was changed. */
static bool is_same_place(const struct apply *a, const struct id *id, const struct life *was, const struct life *is)
{
    const struct ready_entry *e = ready_get(a->ready, id);
    bool moved = e && ready_fair_moved(a->ready, a->ready->lanes[e->lane].queue);
    return moved ? was->eligible_at_ms == is->eligible_at_ms : was->rank == is->rank;
}

/* Nobody changed it since it was looked at: what can change of a body, and its life. That its time has come is no change. */
static bool is_as_expected(const struct apply *a, const struct store_control_item *it, const struct task_body *body, int64_t now_ms)
{
    const struct task *e = it->expect;
    if (!e) return true;
    struct life was = promoted(&e->life, now_ms), is = promoted(&it->life, now_ms);
    return was.state == is.state && was.run == is.run && was.attempt == is.attempt && is_same_place(a, &it->id, &was, &is) &&
           was.due_at_ms == is.due_at_ms && was.cancel_requested == is.cancel_requested &&
           e->body.rules.priority == body->rules.priority && e->body.run_at_ms == body->run_at_ms &&
           same_tags(&e->body, body);
}

static int patch_one(struct apply *a, struct store_control_item *it, struct arena *arena, int64_t now_ms)
{
    const struct ready_entry *e = ready_get(a->ready, &it->id);
    const struct store_patch *p = it->patch;
    struct task_body body;
    int err = a->shelf->ops->body(a->shelf, &it->id, arena, &body);
    if (!err && !e) err = a->shelf->ops->ended(a->shelf, &it->id, &it->life);
    if (err == ERR_NOT_FOUND) it->err = err;
    if (err) return err == ERR_NOT_FOUND ? 0 : err;
    if (e) it->life = e->life;
    if (!is_as_expected(a, it, &body, now_ms)) it->err = ERR_CHANGED;
    if (it->err) return 0;
    if (p->has_priority) body.rules.priority = p->priority;
    if (p->run_at_ms) body.run_at_ms = p->run_at_ms;
    if (p->has_tags) body.tags = p->tags, body.n_tags = p->n_tags;
    struct life_input in = {.event = LIFE_REPLAN, .now_ms = now_ms, .run_at_ms = p->run_at_ms};
    struct life_outcome out;
    it->err = life_step(&it->life, &body.rules, &in, &out);
    if (it->err) return 0;
    assert(e); /* what has ended is not replanned: ERR_CONFLICT */
    uint32_t lane = e->lane;
    it->changed = true;
    it->queue = body.queue;
    it->type = body.type;
    if (out.changed) ready_fair_replace(a->ready, lane, &it->id, &it->life, now_ms);
    err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->patch(a->shelf, &body);
    if (!err && out.changed) err = a->shelf->ops->change(a->shelf, &it->id, &a->ready->lanes[lane], &it->life);
    if (!err && out.changed) ready_put(a->ready, &it->id, lane, &it->life);
    return !err && out.changed && it->life.cached ? apply_share_moved(a, &it->id) : err;
}

static int delete_one(struct apply *a, struct store_control_item *it, struct arena *arena, int64_t now_ms)
{
    struct task_body body;
    int err = find_ended(a, it, arena, &body);
    if (!err && !it->err && !is_as_expected(a, it, &body, now_ms)) it->err = ERR_CHANGED;
    if (err || it->err) return err;
    if (body.step.p) err = a->shelf->ops->steps(a->shelf, &it->id, false, arena, &it->steps, &it->n_steps);
    if (!err) err = apply_ops_erase(a, &it->id, body.queue, it->life.state);
    if (err == ERR_CONFLICT) it->err = err;
    if (err) return err == ERR_CONFLICT ? 0 : err;
    it->changed = true;
    it->queue = body.queue;
    it->type = body.type;
    return 0;
}

/* ---- settled from outside ---- */

static int settle_outside(struct apply *a, struct store_control_item *it, int64_t now_ms)
{
    const struct ready_entry *e = ready_get(a->ready, &it->id);
    if (!e) {
        int err = a->shelf->ops->ended(a->shelf, &it->id, &it->life);
        it->err = err ? err : ERR_CONFLICT;
        return err == ERR_NOT_FOUND ? 0 : err;
    }
    uint32_t lane = e->lane;
    it->life = e->life;
    struct life_rules none = {0};
    struct life_input in = {.event = it->verb == STORE_COMPLETE ? LIFE_COMPLETE : LIFE_FAIL, .now_ms = now_ms};
    struct life_outcome out;
    it->err = life_step(&it->life, &none, &in, &out);
    if (it->err) return 0;
    it->changed = it->ended = true;
    it->queue = a->ready->lanes[lane].queue_name;
    it->type = a->ready->lanes[lane].type;
    struct task_ending ending = {.life = it->life, .finished_at_ms = now_ms};
    if (it->verb == STORE_COMPLETE) ending.result = it->result;
    else ending.failure = it->failure;
    int err = apply_ops_begin(a);
    return err ? err : apply_ops_end(a, &it->id, lane, &ending);
}

int apply_control(struct apply *a, struct store_control *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct store_control_item *it = &r->items[i];
        it->err = 0;
        it->changed = it->ended = false;
        it->n_steps = 0;
        int err = 0;
        switch (it->verb) {
        case STORE_CANCEL: err = cancel_one(a, it, r->req.now_ms); break;
        case STORE_RETRY: err = retry_one(a, it, &r->req.arena, r->req.now_ms); break;
        case STORE_PATCH: err = patch_one(a, it, &r->req.arena, r->req.now_ms); break;
        case STORE_DELETE: err = delete_one(a, it, &r->req.arena, r->req.now_ms); break;
        case STORE_COMPLETE:
        case STORE_FAIL: err = settle_outside(a, it, r->req.now_ms); break;
        }
        if (err) return err;
    }
    return 0;
}
