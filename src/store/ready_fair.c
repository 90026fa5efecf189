/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is counted beside the index: where a key stands is where the last of its tasks stands that waits, which the tree
 * of the key knows; of one whose tasks have all been started, `had`.
 */
#include "store/ready_fair.h"

#include "base/mem.h"
#include "store/ready_inside.h"
#include "store/ready_tree.h"
#include "task/order.h"

#include <stdlib.h>

/* ---- one task ---- */

uint32_t ready_fair_key(struct ready *r, uint32_t queue, struct str limit_key)
{
    return ready_key_of(r, queue, r->queues[queue].fair && !limit_key.p ? STR("") : limit_key);
}

static int64_t start_of(const struct ready *r, uint32_t entry) { return order_eligible_ms(r->entries[entry].life.rank); }

/* The first of a priority in a tree, -1: there is none. */
static int64_t first_start(const struct ready *r, enum ready_tree t, uint32_t root, int32_t priority)
{
    static const struct id least;
    uint32_t at = ready_tree_before(r, t, root, order_rank(priority, 0), &least);
    if (at == ready_tree_size(r, t, root)) return -1;
    uint32_t entry = ready_tree_at(r, t, root, at);
    return order_priority(r->entries[entry].life.rank) == priority ? start_of(r, entry) : -1;
}

static int64_t last_start(const struct ready *r, enum ready_tree t, uint32_t root, int32_t priority)
{
    static const struct id most = {.b = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
    uint32_t after = ready_tree_before(r, t, root, order_rank(priority, INT64_MAX), &most);
    if (after == 0) return -1;
    uint32_t entry = ready_tree_at(r, t, root, after - 1);
    return order_priority(r->entries[entry].life.rank) == priority ? start_of(r, entry) : -1;
}

void ready_fair_place(struct ready *r, uint32_t lane, uint32_t key, struct life *life, int64_t now_ms)
{
    struct ready_queue *q = &r->queues[r->lanes[lane].queue];
    if (!q->fair || life->state != TASK_PENDING) return;
    if (r->keys[key].live == 0) r->keys[key].had = 0; /* its place may not have been given up yet */
    if (q->n[TASK_PENDING] + q->n[TASK_RUNNING] == 0 && q->fair_clock < now_ms) q->fair_clock = now_ms;
    int32_t priority = order_priority(life->rank);
    struct order_fair f = {.clock = q->fair_clock,
                           .head = first_start(r, READY_OF_LANE, r->lanes[lane].root, priority),
                           .last = last_start(r, READY_OF_KEY, r->keys[key].root, priority),
                           .had = r->keys[key].had};
    life->rank = order_rank(priority, order_fair_start(&f));
}

void ready_fair_replace(struct ready *r, uint32_t lane, const struct id *id, struct life *life, int64_t now_ms)
{
    if (!r->queues[r->lanes[lane].queue].fair || life->state != TASK_PENDING) return;
    const struct ready_entry *e = ready_get(r, id);
    bool waited = e->life.state == TASK_PENDING || e->life.state == TASK_RUNNING;
    if (waited && life->rank == e->life.rank) return;
    ready_fair_place(r, lane, ready_key_at(r, (uint32_t)(e - r->entries)), life, now_ms);
}

void ready_fair_started(struct ready *r, uint32_t lane, const struct id *id)
{
    struct ready_queue *q = &r->queues[r->lanes[lane].queue];
    if (!q->fair) return;
    uint32_t entry = (uint32_t)(ready_get(r, id) - r->entries);
    int64_t start = start_of(r, entry);
    struct ready_key *k = &r->keys[ready_key_at(r, entry)];
    q->fair_clock = order_fair_clock(q->fair_clock, start);
    if (k->had < start + ORDER_FAIR_TASK) k->had = start + ORDER_FAIR_TASK;
}

/* ---- all of a queue ---- */

bool ready_fair_moved(const struct ready *r, uint32_t queue) { return r->queues[queue].moved; }

struct placed {
    int64_t rank;
    struct id id;
    uint32_t entry;
};

static int in_order(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : id_cmp(&x->id, &y->id);
}

/* Owned by the caller. */
static struct placed *all_of(const struct ready *r, uint32_t queue, size_t *ret_n)
{
    struct placed *all = NULL;
    size_t cap = 0;
    *ret_n = 0;
    for (uint32_t i = 0; i < r->n; i++) {
        const struct ready_entry *e = &r->entries[i];
        if (e->lane == READY_NONE || r->lanes[e->lane].queue != queue) continue;
        if (*ret_n == cap) {
            cap = cap ? 2 * cap : 64;
            all = mem_grow(all, cap * sizeof *all);
        }
        all[(*ret_n)++] = (struct placed){e->life.rank, e->id, i};
    }
    if (*ret_n) qsort(all, *ret_n, sizeof *all, in_order);
    return all;
}

/* What runs keeps its place, for when it is given back: the others start behind it. */
static void place_again(struct ready *r, struct ready_queue *q, uint32_t entry, int64_t now_ms)
{
    struct ready_entry *e = &r->entries[entry];
    bool runs = e->life.state == TASK_RUNNING;
    if (q->fair && ready_key_at(r, entry) == READY_NONE) ready_key_give(r, entry, ready_key_of(r, (uint32_t)(q - r->queues), STR("")));
    if (!q->fair) e->life.rank = order_by_age(e->life.rank, e->life.eligible_at_ms);
    else if (!runs) ready_fair_place(r, e->lane, ready_key_at(r, entry), &e->life, now_ms);
    else if (start_of(r, entry) > q->fair_clock) q->fair_clock = start_of(r, entry);
    ready_put_back(r, entry);
}

static void place_all(struct ready *r, struct ready_queue *q, const struct placed *all, size_t n, bool pending, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++)
        if ((r->entries[all[i].entry].life.state == TASK_PENDING) == pending) place_again(r, q, all[i].entry, now_ms);
}

static bool is_of(const struct ready *r, uint32_t key, uint32_t queue) { return r->keys[key].name.p && r->keys[key].queue == queue; }

static void rank_again(struct ready *r, uint32_t queue, int64_t now_ms)
{
    size_t n;
    struct ready_queue *q = &r->queues[queue];
    struct placed *all = all_of(r, queue, &n);
    for (size_t i = 0; i < n; i++) ready_take_out(r, all[i].entry);
    place_all(r, q, all, n, false, now_ms);
    for (uint32_t i = 0; i < r->n_keys; i++) /* what runs now is a turn of its key */
        if (is_of(r, i, queue)) r->keys[i].had = r->keys[i].running > 0 ? q->fair_clock + ORDER_FAIR_TASK : 0;
    place_all(r, q, all, n, true, now_ms);
    free(all);
    for (uint32_t i = 0; i < r->n_keys; i++)
        if (is_of(r, i, queue)) ready_key_settle(r, i);
}

void ready_fair_settle(struct ready *r, uint32_t queue, int64_t now_ms)
{
    struct ready_queue *q = &r->queues[queue];
    bool fair = q->set.fair >= 0 ? q->set.fair > 0 : q->declared_fair;
    if (fair == q->fair && (fair || !q->moved_by_rows)) return;
    q->fair = fair;
    q->moved = true;
    q->moved_by_rows = false;
    q->fair_clock = now_ms;
    rank_again(r, queue, now_ms);
}
