/* SPDX-License-Identifier: Apache-2.0
 *
 * The batch: one transaction around many requests, begun by the first that writes. Each operation is a file-local
 * function below or in apply_ops.c; they return 0 or the shelf's error, which ends the batch.
 */
#include "store/apply.h"

#include "store/apply_cache.h"
#include "store/apply_claim.h"
#include "store/apply_control.h"
#include "store/apply_file.h"
#include "store/apply_notice.h"
#include "store/apply_once.h"
#include "store/apply_ops.h"
#include "store/apply_purge.h"
#include "store/apply_save.h"
#include "store/apply_share.h"
#include "store/apply_tick.h"
#include "store/ready_fair.h"
#include "store/ready_key.h"
#include "store/ready_key_rate.h"

#include <assert.h>
#include <stdlib.h>

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

static bool is_full(const struct apply *a, const struct store_add_item *it, const struct apply_once *once, uint32_t lane)
{
    if (lane == READY_NONE) return true;
    int64_t queued = ready_queued(a->ready, a->ready->lanes[lane].queue) - apply_once_room(a, once, lane);
    return it->capacity > 0 && !it->cached && queued >= it->capacity;
}

static int add_new(struct apply *a, struct store_add_item *it, const struct apply_once *once, struct str result, int64_t now_ms)
{
    const struct task_body *body = it->body;
    uint32_t lane = apply_ops_lane(a, body);
    int err = apply_ops_begin(a);
    if (err) return err;
    bool full = is_full(a, it, once, lane);
    struct life life = once->waits || it->follows ? life_begin_blocked(&body->rules, 1, now_ms)
                                                  : life_begin(&body->rules, 1, body->run_at_ms, now_ms);
    uint32_t key = full ? READY_NONE : ready_fair_key(a->ready, a->ready->lanes[lane].queue, body->limit_key);
    if (!full) ready_fair_place(a->ready, lane, key, &life, now_ms);
    err = full ? ERR_CONFLICT : a->shelf->ops->add(a->shelf, body, &life);
    if (err == ERR_CONFLICT) { /* full, or the id was used: a resend of one that has ended is no new task */
        err = a->shelf->ops->ended(a->shelf, &body->id, &it->life);
        it->existed = err == 0;
        it->cached = it->follows = false;
        if (err != ERR_NOT_FOUND) return err;
        it->err = ERR_QUEUE_FULL;
        return full ? 0 : ERR_STORE;
    }
    if (!err && body->key.p) err = apply_once_take(a, it, once, now_ms);
    life.keyed = body->key.p != NULL;
    life.cached = body->cache.ttl_ms > 0 && !it->cached;
    life.follows = it->follows;
    life.sequel = body->sequel.p != NULL;
    if (!err && life.cached) err = a->shelf->ops->want(a->shelf, body, it->follows);
    if (err) return err;
    it->life = life;
    ready_add(a->ready, &body->id, lane, key, &life);
    if (body->n_files) err = apply_file_refer(a, it);
    if (!err && it->key.p) err = a->shelf->ops->remember(a->shelf, it, now_ms);
    if (!err && body->sequel.p) err = a->shelf->ops->sequel(a->shelf, body);
    if (err || !it->cached) return err;
    it->finished_at_ms = now_ms;
    return apply_cache_answer(a, &body->id, lane, &it->cached_from, result, now_ms, &it->life);
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
    struct apply_once once = {.settled = false};
    if (body->key.p) err = apply_once_ask(a, it, &once);
    if (err || once.settled) return err;
    if (body->n_files) err = apply_file_check(a, it);
    if (err || it->err) return err;
    if (!body->cache.ttl_ms) return add_new(a, it, &once, STR_NONE, now_ms);
    struct str result = STR_NONE;
    struct arena arena; /* a result may be large: it stays no longer than this item takes */
    arena_init(&arena);
    err = apply_cache_ask(a, it, &arena, &result, now_ms);
    if (!err && !it->cached && !once.replaces) err = apply_share_ask(a, it, now_ms);
    if (!err) err = add_new(a, it, &once, result, now_ms);
    arena_release(&arena);
    return err;
}

/* What follows an ending is made once: whoever comes second adds nothing. */
static int pay(struct apply *a, struct store_add *r)
{
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->pay(a->shelf, &r->paid, r->paid_run);
    r->unowed = err == ERR_NOT_FOUND;
    return r->unowed ? 0 : err;
}

static int add(struct apply *a, struct store_add *r)
{
    r->unowed = false;
    int failed = r->pays ? pay(a, r) : 0;
    if (!failed && !r->unowed) failed = apply_notice_add(a, r);
    if (failed || r->unowed) return failed;
    for (size_t i = 0; i < r->n; i++) {
        r->items[i].err = 0;
        r->items[i].replayed = r->items[i].existed = r->items[i].existing = r->items[i].replaced = false;
        r->items[i].cached = r->items[i].follows = false;
        int err = add_one(a, &r->items[i], r->req.now_ms);
        if (err) return err;
    }
    return 0;
}

static int set_queue(struct apply *a, struct store_queue *r)
{
    uint32_t q = ready_queue_of(a->ready, r->queue);
    if (q == READY_NONE) return 0; /* more queues than can be: none of its tasks could be here, nothing to pause */
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->set_queue(a->shelf, r->queue, r->parts, &r->set);
    return err;
}

/* Needs no commit: nothing of it is stored, and what follows from it is not undone by one that fails. */
static void declare(struct apply *a, struct store_declare *r)
{
    for (uint32_t i = 0; i < a->ready->n_queues; i++)
        a->ready->queues[i].declared_keys = 0, a->ready->queues[i].declared_fair = false, a->ready->queues[i].declared_key_rate.n = 0;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t q = ready_queue_of(a->ready, r->items[i].queue);
        if (q == READY_NONE) continue;
        a->ready->queues[q].declared_keys = r->items[i].key_concurrency;
        a->ready->queues[q].declared_fair = r->items[i].fair;
        a->ready->queues[q].declared_key_rate = r->items[i].key_rate;
    }
    for (uint32_t i = 0; i < a->ready->n_queues; i++) ready_key_limit(a->ready, i);
}

static void note_oldest(struct store_count *c, const struct ready_entry *e)
{
    int64_t at_ms = e->life.eligible_at_ms;
    if (c->oldest_ready_ms == 0 || at_ms < c->oldest_ready_ms) c->oldest_ready_ms = at_ms;
}

static void counts(struct apply *a, struct store_counts *r)
{
    const struct ready *ready = a->ready;
    bool is_any_fair = false;
    r->n = ready->n_queues;
    r->bytes = 0; /* an engine with a file knows better */
    r->items = arena_alloc(&r->req.arena, (r->n ? r->n : 1) * sizeof *r->items);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct ready_queue *q = &ready->queues[i];
        struct store_count *c = &r->items[i];
        *c = (struct store_count){.queue = arena_str(&r->req.arena, q->name), .retrying = q->retrying,
                                   .set = q->set, .pause_known = q->pause_known};
        memcpy(c->n, q->n, sizeof c->n);
        is_any_fair |= q->fair;
    }
    for (uint32_t i = 0; i < ready->n_lanes; i++) {
        const struct ready_entry *e = ready_head(ready, i);
        if (e && !ready->queues[ready->lanes[i].queue].fair) note_oldest(&r->items[ready->lanes[i].queue], e);
    }
    for (uint32_t i = 0; is_any_fair && i < ready->n_keys; i++) { /* the first of a key is its oldest, the first of a lane is anybody */
        const struct ready_key *k = &ready->keys[i];
        if (k->name.p && ready->queues[k->queue].fair && k->ready > 0) note_oldest(&r->items[k->queue], ready_key_first(ready, i));
    }
}

static void where(const struct apply *a, struct store_where *r)
{
    const struct ready *ready = a->ready;
    const struct ready_entry *e = ready_get(ready, &r->id);
    bool in_line = e && ready_is_in_lane(ready, e);
    r->position = 0;
    r->comes = in_line || (e && e->life.state == TASK_SCHEDULED);
    if (!r->comes) return;
    r->lane = ready->lanes[e->lane].number;
    r->ahead = arena_alloc(&r->req.arena, (r->n_lanes ? r->n_lanes : 1) * sizeof *r->ahead);
    for (size_t i = 0; i < r->n_lanes; i++) {
        uint32_t lane = ready_lane_at(ready, r->lanes[i]);
        r->ahead[i] = lane == READY_NONE ? 0 : ready_before(ready, lane, e->life.rank, &e->id);
    }
    if (!in_line) return;
    uint32_t queue = ready->lanes[e->lane].queue;
    r->position = 1;
    for (uint32_t i = 0; i < ready->n_lanes; i++)
        if (ready->lanes[i].queue == queue) r->position += ready_before(ready, i, e->life.rank, &e->id);
}

static int apply_one(struct apply *a, struct store_req *r)
{
    ready_key_rate_now(a->ready, r->since_ms, r->now_ms);
    switch (r->op) {
    case STORE_ADD: return add(a, (struct store_add *)r);
    case STORE_CLAIM: return apply_claim(a, (struct store_claim *)r);
    case STORE_SETTLE: return apply_ops_settle(a, (struct store_settle *)r);
    case STORE_SAVE: return apply_save(a, (struct store_save *)r);
    case STORE_CONTROL: return apply_control(a, (struct store_control *)r);
    case STORE_TICK: return apply_tick(a, (struct store_tick *)r);
    case STORE_PURGE: return apply_purge(a, (struct store_purge *)r);
    case STORE_QUEUE: return set_queue(a, (struct store_queue *)r);
    case STORE_FILE_ADD: return apply_file_add(a, (struct store_file_add *)r);
    case STORE_FILE_DROP: return apply_file_drop(a, (struct store_file_drop *)r);
    case STORE_FILE_SWEEP: return apply_file_sweep(a, (struct store_file_sweep *)r);
    case STORE_NOTICE_READ: return apply_notice_read(a, (struct store_notice_read *)r);
    case STORE_NOTICE_DROP: return apply_notice_drop(a, (struct store_notice_drop *)r);
    case STORE_NOTICE_SWEEP: return apply_notice_sweep(a, (struct store_notice_sweep *)r);
    case STORE_DECLARE: declare(a, (struct store_declare *)r); return 0;
    case STORE_WHERE:
    case STORE_COUNTS: return 0; /* after the commit, when it is known what stands */
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_HISTORY:
    case STORE_KEPT:
    case STORE_OWED:
    case STORE_FILE_GET:
    case STORE_FILE_LIST:
    case STORE_NOTICE_GET:
    case STORE_NOTICE_LIST:
    case STORE_OPS: break;
    }
    assert(!"a read of rows is not for apply");
    return ERR_STORE;
}

/* What is known only now that the batch stands or was undone: what was set for queues, and what the index was asked
 * for. */
static void conclude(struct apply *a, struct store_req *r, int err)
{
    r->err = store_op_is_indexed(r->op) ? 0 : err;
    if (r->op == STORE_COUNTS) counts(a, (struct store_counts *)r);
    if (r->op == STORE_WHERE) where(a, (struct store_where *)r);
    if (r->op == STORE_DECLARE) {
        if (err) declare(a, (struct store_declare *)r); /* what failed may have stood before it */
        for (uint32_t i = 0; i < a->ready->n_queues; i++) ready_fair_settle(a->ready, i, r->now_ms);
    }
    if (r->op != STORE_QUEUE || err) return;
    struct store_queue *q = (struct store_queue *)r;
    uint32_t queue = ready_queue_of(a->ready, q->queue);
    if (queue == READY_NONE) return;
    struct ready_queue *known = &a->ready->queues[queue];
    store_queue_merge(&known->set, q->parts, &q->set);
    if (q->parts & STORE_QUEUE_PAUSED) known->pause_known = true;
    ready_key_limit(a->ready, queue);
    ready_fair_settle(a->ready, queue, r->now_ms);
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
    for (uint32_t i = 0; i < a->ready->n_queues; i++) /* of the others it is known when it has been declared */
        if (a->ready->queues[i].set.fair >= 0) ready_fair_settle(a->ready, i, now_ms);
    return close_batch(a, apply_ops_recover(a, now_ms));
}

void apply_tell_recovered(const struct apply *a, const struct store_events *events)
{
    if (!events) return;
    if (a->n_lost && events->on_lost) events->on_lost(events->user, a->lost, a->n_lost);
    if (a->n_leased && events->on_leased) events->on_leased(events->user, a->leased, a->n_leased);
}

void apply_forget(struct apply *a)
{
    free(a->lost);
    free(a->leased);
    a->lost = NULL;
    a->leased = NULL;
    a->n_lost = a->n_leased = 0;
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
                                         .batch_key = a->ready->lanes[lane].batch_key,
                                         .ready = ready_waiting(a->ready, lane),
                                         .head_rank = e ? e->life.rank : 0};
        if (e) hints[n - 1].head = e->id, hints[n - 1].head_eligible_ms = e->life.eligible_at_ms;
    }
    return n;
}

int64_t apply_next_due(const struct apply *a)
{
    const struct ready_entry *e = ready_due(a->ready);
    int64_t life_ms = e ? life_next_ms(&e->life) : INT64_MAX, key_ms = ready_key_rate_due(a->ready);
    return key_ms < life_ms ? key_ms : life_ms;
}
