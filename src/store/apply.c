/* SPDX-License-Identifier: Apache-2.0
 *
 * The batch: one transaction around many requests, begun by the first that writes. Each operation is a file-local
 * function below or in apply_ops.c; they return 0 or the shelf's error, which ends the batch.
 */
#include "store/apply.h"

#include "store/apply_control.h"
#include "store/apply_ops.h"
#include "store/apply_purge.h"
#include "task/order.h"

#include <assert.h>

int apply_ops_begin(struct apply *a)
{
    if (a->open) return 0;
    int err = a->shelf->ops->begin(a->shelf);
    a->open = err == 0;
    return err;
}

/* True: the key was used before, and the item says by whom. */
static bool is_replay(struct apply *a, struct store_add_item *it, int *ret_err)
{
    uint8_t print[STORE_PRINT];
    *ret_err = it->key.p ? a->shelf->ops->recall(a->shelf, it, print, &it->first) : ERR_NOT_FOUND;
    if (*ret_err == ERR_NOT_FOUND) {
        *ret_err = 0;
        return false;
    }
    if (*ret_err) return true;
    it->replayed = memcmp(print, it->print, sizeof print) == 0;
    if (!it->replayed) it->err = ERR_KEY_REUSED;
    return true;
}

static int add_one(struct apply *a, struct store_add_item *it, int64_t now_ms)
{
    const struct task_body *body = it->body;
    int err;
    if (is_replay(a, it, &err)) return err;
    const struct ready_entry *live = ready_get(a->ready, &body->id);
    it->existed = live != NULL;
    if (live) {
        it->life = live->life;
        return 0;
    }
    uint32_t lane = ready_lane_of(a->ready, body->queue, body->type);
    err = apply_ops_begin(a);
    if (err) return err;
    bool full = lane == READY_NONE ||
                (it->capacity > 0 && ready_queued(a->ready, a->ready->lanes[lane].queue) >= it->capacity);
    struct life life = life_begin(&body->rules, 1, body->run_at_ms, now_ms);
    err = full ? ERR_CONFLICT : a->shelf->ops->add(a->shelf, body, &life);
    if (err == ERR_CONFLICT) { /* full, or the id was used: a resend of one that has ended is no new task */
        err = a->shelf->ops->ended(a->shelf, &body->id, &it->life);
        it->existed = err == 0;
        if (err != ERR_NOT_FOUND) return err;
        it->err = ERR_QUEUE_FULL;
        return full ? 0 : ERR_STORE;
    }
    if (err) return err;
    it->life = life;
    ready_put(a->ready, &body->id, lane, &life);
    return it->key.p ? a->shelf->ops->remember(a->shelf, it, now_ms) : 0;
}

static int add(struct apply *a, struct store_add *r)
{
    for (size_t i = 0; i < r->n; i++) {
        r->items[i].err = 0;
        r->items[i].replayed = r->items[i].existed = false;
        int err = add_one(a, &r->items[i], r->req.now_ms);
        if (err) return err;
    }
    return 0;
}

/* The lane whose first task comes first, READY_NONE when all are empty. */
static uint32_t best_lane(const struct apply *a, const uint32_t *lanes, size_t n)
{
    uint32_t best = READY_NONE;
    const struct ready_entry *first = NULL;
    for (size_t i = 0; i < n; i++) {
        uint32_t lane = ready_lane_at(a->ready, lanes[i]);
        const struct ready_entry *e = lane == READY_NONE ? NULL : ready_head(a->ready, lane);
        if (!e) continue;
        bool better = !first || e->life.rank < first->life.rank ||
                      (e->life.rank == first->life.rank && id_cmp(&e->id, &first->id) < 0);
        if (better) {
            first = e;
            best = lane;
        }
    }
    return best;
}

/* The head of the lane: starts it, or ends it when it is too late for that. */
static int claim_one(struct apply *a, struct store_claim *r, const struct ready_entry *e)
{
    struct id id = e->id;
    struct store_claim_item *it = &r->items[r->n];
    it->life = e->life;
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->body(a->shelf, &id, &r->req.arena, &it->body);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    struct life_input in = {.event = LIFE_CLAIM, .now_ms = r->req.now_ms, .fence = r->fences[r->n]};
    struct life_outcome out;
    if (life_step(&it->life, &it->body.rules, &in, &out) == ERR_CONFLICT) {
        const struct ready_lane *l = &a->ready->lanes[r->lane];
        struct life life = e->life;
        life.state = TASK_EXPIRED;
        r->ended[r->n_ended++] = (struct store_tick_item){id, life, l->queue_name, l->type};
        return apply_ops_expire(a, &id, r->req.now_ms);
    }
    err = a->shelf->ops->change(a->shelf, &id, &a->ready->lanes[r->lane], &it->life);
    if (err) return err;
    ready_put(a->ready, &id, r->lane, &it->life);
    r->n++;
    return 0;
}

static int claim(struct apply *a, struct store_claim *r)
{
    r->n = r->n_ended = 0;
    r->lane = best_lane(a, r->lanes, r->n_lanes);
    if (r->lane == READY_NONE || r->max == 0) return 0;
    size_t waiting = ready_waiting(a->ready, r->lane);
    size_t most = r->max < waiting ? r->max : waiting;
    r->items = arena_alloc(&r->req.arena, most * sizeof *r->items);
    r->ended = arena_alloc(&r->req.arena, STORE_CLAIM_ENDED * sizeof *r->ended);
    for (size_t bytes = 0; r->n < most && r->n_ended < STORE_CLAIM_ENDED && bytes < STORE_CLAIM_BYTES;) {
        const struct ready_entry *e = ready_head(a->ready, r->lane);
        if (!e || (r->n > 0 && r->until_rank && e->life.rank > r->until_rank)) break;
        size_t before = r->n;
        int err = claim_one(a, r, e);
        if (err) return err;
        if (r->n > before) bytes += r->items[before].body.input.len;
    }
    r->lane = a->ready->lanes[r->lane].number;
    return 0;
}

static int tick(struct apply *a, struct store_tick *r)
{
    r->n_ended = 0;
    r->more = false;
    r->ended = arena_alloc(&r->req.arena, r->max * sizeof *r->ended);
    for (size_t i = 0;; i++) {
        const struct ready_entry *e = ready_due(a->ready);
        if (!e || life_next_ms(&e->life) > r->req.now_ms) return 0;
        if (i == r->max) {
            r->more = true;
            return 0;
        }
        struct life life = e->life;
        struct id id = e->id;
        uint32_t lane = e->lane;
        struct life_rules none = {0};
        struct life_outcome out;
        struct life_input in = {.event = LIFE_EXPIRE, .now_ms = r->req.now_ms};
        int err = life_step(&life, &none, &in, &out);
        assert(err == 0);
        if (out.ended) {
            err = apply_ops_expire(a, &id, r->req.now_ms);
            if (err) return err;
            const struct ready_lane *l = &a->ready->lanes[lane];
            r->ended[r->n_ended++] = (struct store_tick_item){id, life, l->queue_name, l->type};
            continue;
        }
        /* promotion is not written: the row says when it is due, which says the same after a restart */
        in.event = LIFE_DUE;
        err = life_step(&life, &none, &in, &out);
        assert(err == 0 && out.changed);
        ready_put(a->ready, &id, lane, &life);
    }
}

static int set_queue(struct apply *a, struct store_queue *r)
{
    uint32_t q = ready_queue_of(a->ready, r->queue);
    if (q == READY_NONE) return 0; /* more queues than can be: none of its tasks could be here, nothing to pause */
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->set_queue(a->shelf, r->queue, r->parts, &r->set);
    return err;
}

static void counts(struct apply *a, struct store_counts *r)
{
    const struct ready *ready = a->ready;
    r->n = ready->n_queues;
    r->bytes = 0; /* an engine with a file knows better */
    r->items = arena_alloc(&r->req.arena, (r->n ? r->n : 1) * sizeof *r->items);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct ready_queue *q = &ready->queues[i];
        struct store_count *c = &r->items[i];
        *c = (struct store_count){.queue = arena_str(&r->req.arena, q->name), .retrying = q->retrying,
                                   .set = q->set, .pause_known = q->pause_known};
        memcpy(c->n, q->n, sizeof c->n);
    }
    for (uint32_t i = 0; i < ready->n_lanes; i++) {
        const struct ready_entry *e = ready_head(ready, i);
        struct store_count *c = &r->items[ready->lanes[i].queue];
        int64_t at_ms = e ? order_eligible_ms(e->life.rank) : 0;
        if (e && (c->oldest_ready_ms == 0 || at_ms < c->oldest_ready_ms)) c->oldest_ready_ms = at_ms;
    }
}

static int apply_one(struct apply *a, struct store_req *r)
{
    switch (r->op) {
    case STORE_ADD: return add(a, (struct store_add *)r);
    case STORE_CLAIM: return claim(a, (struct store_claim *)r);
    case STORE_SETTLE: return apply_ops_settle(a, (struct store_settle *)r);
    case STORE_CONTROL: return apply_control(a, (struct store_control *)r);
    case STORE_TICK: return tick(a, (struct store_tick *)r);
    case STORE_PURGE: return apply_purge(a, (struct store_purge *)r);
    case STORE_QUEUE: return set_queue(a, (struct store_queue *)r);
    case STORE_COUNTS: return 0; /* after the commit, when it is known what stands */
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_HISTORY:
    case STORE_KEPT:
    case STORE_OPS: break;
    }
    assert(!"a read of rows is not for apply");
    return ERR_STORE;
}

/* What is known only now that the batch stands or was undone: what was set for queues, and the counts somebody asked for. */
static void conclude(struct apply *a, struct store_req *r, int err)
{
    r->err = r->op == STORE_COUNTS ? 0 : err;
    if (r->op == STORE_COUNTS) counts(a, (struct store_counts *)r);
    if (r->op != STORE_QUEUE || err) return;
    struct store_queue *q = (struct store_queue *)r;
    uint32_t queue = ready_queue_of(a->ready, q->queue);
    if (queue == READY_NONE) return;
    struct ready_queue *known = &a->ready->queues[queue];
    store_queue_merge(&known->set, q->parts, &q->set);
    if (q->parts & STORE_QUEUE_PAUSED) known->pause_known = true;
}

/* All of it or nothing: in the shelf and in the index. */
static int close_batch(struct apply *a, int err)
{
    if (a->open && !err) err = a->shelf->ops->commit(a->shelf);
    else if (a->open) a->shelf->ops->rollback(a->shelf);
    a->open = false;
    if (err) ready_undo(a->ready);
    else ready_commit(a->ready);
    return err;
}

/* The requests as one transaction. `ret_row`: a request could not be applied (its row is broken, or the disk is), as
 * opposed to a commit that failed. */
static int as_one(struct apply *a, struct list *requests, bool *ret_row)
{
    int err = 0;
    a->open = false;
    LIST_EACH(l, requests)
    {
        err = apply_one(a, CONTAINER_OF(l, struct store_req, link));
        if (err) break;
    }
    *ret_row = err == ERR_STORE;
    return close_batch(a, err);
}

static void take_half(struct list *half, struct list *requests)
{
    size_t n = 0;
    list_init(half);
    LIST_EACH(l, requests) n++;
    for (n /= 2; n > 0; n--) list_push(half, list_shift(requests));
}

/* A row that cannot be read must not fail those who share the batch with it: then each half is a batch of its own, in
 * order, down to the one request that is to blame. */
void apply_batch(struct apply *a, struct list *requests)
{
    bool row;
    int err = as_one(a, requests, &row);
    if (row && requests->next != requests->prev) {
        struct list first;
        take_half(&first, requests);
        apply_batch(a, &first);
        apply_batch(a, requests);
        list_splice(&first, requests);
        list_splice(requests, &first);
        return;
    }
    LIST_EACH(l, requests) conclude(a, CONTAINER_OF(l, struct store_req, link), err);
}

int apply_recover(struct apply *a, int64_t now_ms)
{
    a->open = false;
    return close_batch(a, apply_ops_recover(a, now_ms));
}

size_t apply_hints(struct apply *a, struct store_hint *hints, size_t cap)
{
    size_t n = 0;
    while (n < cap) {
        uint32_t lane = ready_touched(a->ready);
        if (lane == READY_NONE) break;
        const struct ready_entry *e = ready_head(a->ready, lane);
        hints[n++] = (struct store_hint){.lane = a->ready->lanes[lane].number,
                                         .queue = a->ready->lanes[lane].queue_name,
                                         .type = a->ready->lanes[lane].type,
                                         .ready = ready_waiting(a->ready, lane),
                                         .head_rank = e ? e->life.rank : 0};
        if (e) hints[n - 1].head = e->id;
    }
    return n;
}

int64_t apply_next_due(const struct apply *a)
{
    const struct ready_entry *e = ready_due(a->ready);
    return e ? life_next_ms(&e->life) : INT64_MAX;
}
