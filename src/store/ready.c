/* SPDX-License-Identifier: Apache-2.0
 *
 * The index itself: slab, hash table and journal. Names are in ready_lane.c, keys in ready_key.c and ready_key_rate.c, the trees in
 * ready_tree.c, the due heap in ready_due.c, fair ranks in ready_fair.c;
 * link() and unlink() below are the only callers that keep all of them in step with an entry's life.
 */
#include "store/ready.h"

#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/ready_due.h"
#include "store/ready_inside.h"
#include "store/ready_tree.h"
#include "task/order.h"

#include <assert.h>
#include <stdlib.h>

enum change_kind { CHANGE_PUT, CHANGE_NEW, CHANGE_REMOVE, CHANGE_TALLY, CHANGE_TOKEN };

struct ready_change {
    enum change_kind kind;
    struct id id;
    uint32_t lane; /* CHANGE_TALLY: the queue */
    uint32_t key;
    enum task_state state;
    int64_t delta;
    struct life life; /* as it was */
};

void ready_init(struct ready *r)
{
    *r = (struct ready){.free_list = READY_NONE};
    map_init(&r->lane_by_name);
    ready_key_init(r);
}

void ready_release(struct ready *r)
{
    ready_key_release(r);
    ready_lane_release(r);
    free(r->entries);
    free(r->keyed);
    free(r->buckets);
    free(r->due);
    free(r->journal);
    *r = (struct ready){.free_list = READY_NONE};
}

/* ---- by id ---- */

static uint32_t bucket_of(const struct ready *r, const struct id *id)
{
    uint64_t h;
    memcpy(&h, id->b + 8, sizeof h); /* the random half, mixed so that ids made by hand spread too */
    uint64_t t;
    memcpy(&t, id->b, sizeof t);
    h ^= t * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    return (uint32_t)(h >> 32) & (r->n_buckets - 1);
}

static void rehash(struct ready *r)
{
    uint32_t n = r->n_buckets ? r->n_buckets * 2 : 64;
    r->buckets = mem_grow(r->buckets, n * sizeof *r->buckets);
    memset(r->buckets, 0xff, n * sizeof *r->buckets);
    uint32_t old = r->n_buckets;
    r->n_buckets = n;
    if (old == 0) return;
    for (uint32_t i = 0; i < r->n; i++) { /* as many live as there were buckets, never more: none is free */
        struct ready_entry *e = &r->entries[i];
        uint32_t b = bucket_of(r, &e->id);
        e->chain = r->buckets[b];
        r->buckets[b] = i;
    }
}

static uint32_t find(const struct ready *r, const struct id *id)
{
    if (r->n_buckets == 0) return READY_NONE;
    uint32_t i = r->buckets[bucket_of(r, id)];
    while (i != READY_NONE && id_cmp(&r->entries[i].id, id) != 0) i = r->entries[i].chain;
    return i;
}

const struct ready_entry *ready_get(const struct ready *r, const struct id *id)
{
    uint32_t i = find(r, id);
    if (i == READY_NONE) return NULL;
    assert(i < r->n && r->entries);
    return &r->entries[i];
}

static uint32_t insert(struct ready *r, const struct id *id)
{
    if (r->live == r->n_buckets) rehash(r);
    uint32_t i = r->free_list;
    if (i != READY_NONE) {
        r->free_list = r->entries[i].chain;
    } else {
        if (r->n == r->cap) {
            r->cap = r->cap ? r->cap + r->cap / 2 : 64;
            r->entries = mem_grow(r->entries, r->cap * sizeof *r->entries);
            if (r->keyed) r->keyed = mem_grow(r->keyed, r->cap * sizeof *r->keyed);
        }
        i = r->n++;
    }
    uint32_t b = bucket_of(r, id);
    r->entries[i] = (struct ready_entry){.id = *id, .lane = READY_NONE, .chain = r->buckets[b]};
    r->buckets[b] = i;
    r->live++;
    return i;
}

static void erase(struct ready *r, uint32_t i)
{
    uint32_t *at = &r->buckets[bucket_of(r, &r->entries[i].id)];
    while (*at != i) at = &r->entries[*at].chain;
    *at = r->entries[i].chain;
    r->entries[i].lane = READY_NONE;
    r->entries[i].chain = r->free_list;
    r->free_list = i;
    r->live--;
}

/* ---- an entry's life and what follows from it ---- */

static void count(struct ready *r, const struct ready_entry *e, int64_t delta)
{
    struct ready_queue *q = &r->queues[r->lanes[e->lane].queue];
    q->n[e->life.state] += delta;
    if (e->life.state == TASK_SCHEDULED && e->life.attempt > 0) q->retrying += delta;
}

static void link(struct ready *r, uint32_t i)
{
    struct ready_entry *e = &r->entries[i];
    count(r, e, 1);
    r->lanes[e->lane].live++;
    if (ready_key_at(r, i) != READY_NONE) ready_key_link(r, i);
    else if (e->life.state == TASK_PENDING) ready_join_lane(r, i);
    if (life_next_ms(&e->life) != INT64_MAX) ready_due_add(r, i);
}

static void unlink(struct ready *r, uint32_t i)
{
    struct ready_entry *e = &r->entries[i];
    count(r, e, -1);
    r->lanes[e->lane].live--;
    if (ready_key_at(r, i) != READY_NONE) ready_key_unlink(r, i);
    else if (e->life.state == TASK_PENDING) ready_leave_lane(r, i);
    if (e->due_place) ready_due_remove(r, i);
}

void ready_take_out(struct ready *r, uint32_t entry) { unlink(r, entry); }
void ready_put_back(struct ready *r, uint32_t entry) { link(r, entry); }

void ready_join_lane(struct ready *r, uint32_t entry)
{
    uint32_t lane = r->entries[entry].lane;
    ready_tree_add(r, READY_OF_LANE, &r->lanes[lane].root, entry);
    ready_touch(r, lane);
}

void ready_leave_lane(struct ready *r, uint32_t entry)
{
    uint32_t lane = r->entries[entry].lane;
    ready_tree_remove(r, READY_OF_LANE, &r->lanes[lane].root, entry);
    ready_touch(r, lane);
}

/* `key`: of one that is new. Whoever has a key may make room for another of it, or need its place. */
static void set(struct ready *r, const struct id *id, uint32_t lane, uint32_t key, const struct life *life)
{
    uint32_t i = find(r, id);
    if (i == READY_NONE) {
        i = insert(r, id);
        ready_key_give(r, i, key);
    } else {
        unlink(r, i);
    }
    r->entries[i].lane = lane;
    r->entries[i].life = *life;
    link(r, i);
    ready_key_settle(r, ready_key_at(r, i));
}

static void clear(struct ready *r, const struct id *id)
{
    uint32_t i = find(r, id);
    assert(i != READY_NONE);
    uint32_t key = ready_key_at(r, i);
    unlink(r, i);
    erase(r, i);
    ready_key_settle(r, key);
}

void ready_load(struct ready *r, const struct id *id, uint32_t lane, uint32_t key, const struct life *life)
{
    set(r, id, lane, key, life);
    if (life->rank != order_by_age(life->rank, life->eligible_at_ms)) r->queues[r->lanes[lane].queue].moved_by_rows = true;
}

/* ---- changes, journalled ---- */

static void note(struct ready *r, const struct ready_change *c)
{
    if (r->n_journal == r->cap_journal) {
        r->cap_journal = r->cap_journal ? r->cap_journal * 2 : 64;
        r->journal = mem_grow(r->journal, r->cap_journal * sizeof *r->journal);
    }
    r->journal[r->n_journal++] = *c;
}

static void note_as_it_is(struct ready *r, enum change_kind kind, const struct ready_entry *e)
{
    uint32_t key = ready_key_at(r, (uint32_t)(e - r->entries));
    note(r, &(struct ready_change){.kind = kind, .id = e->id, .lane = e->lane, .key = key, .life = e->life});
}

/* In this batch: what a rollback brings back may be of that lane. */
bool ready_in_journal(const struct ready *r, uint32_t lane)
{
    for (size_t i = 0; i < r->n_journal; i++)
        if (r->journal[i].kind != CHANGE_TALLY && r->journal[i].lane == lane) return true;
    return false;
}

void ready_add(struct ready *r, const struct id *id, uint32_t lane, uint32_t key, const struct life *life)
{
    assert(!ready_get(r, id));
    note(r, &(struct ready_change){.kind = CHANGE_NEW, .id = *id, .lane = lane});
    set(r, id, lane, key, life);
}

void ready_put(struct ready *r, const struct id *id, uint32_t lane, const struct life *life)
{
    const struct ready_entry *e = ready_get(r, id);
    if (!e) {
        ready_add(r, id, lane, READY_NONE, life);
        return;
    }
    note_as_it_is(r, CHANGE_PUT, e);
    set(r, id, lane, READY_NONE, life);
}

void ready_remove(struct ready *r, const struct id *id)
{
    const struct ready_entry *e = ready_get(r, id);
    assert(e);
    note_as_it_is(r, CHANGE_REMOVE, e);
    clear(r, id);
}

void ready_tally(struct ready *r, uint32_t queue, enum task_state ending, int64_t delta)
{
    note(r, &(struct ready_change){.kind = CHANGE_TALLY, .lane = queue, .state = ending, .delta = delta});
    r->queues[queue].n[ending] += delta;
}

void ready_note_token(struct ready *r, uint32_t key)
{
    note(r, &(struct ready_change){.kind = CHANGE_TOKEN, .lane = READY_NONE, .key = key});
}

void ready_commit(struct ready *r)
{
    r->n_journal = 0;
    ready_key_sweep(r);
}

void ready_undo(struct ready *r)
{
    while (r->n_journal > 0) {
        const struct ready_change *c = &r->journal[--r->n_journal];
        if (c->kind == CHANGE_TALLY) r->queues[c->lane].n[c->state] -= c->delta;
        else if (c->kind == CHANGE_TOKEN) ready_key_rate_undo(r, c->key);
        else if (c->kind == CHANGE_NEW) clear(r, &c->id);
        else set(r, &c->id, c->lane, c->key, &c->life);
    }
    ready_key_sweep(r);
}

/* ---- questions ---- */

const struct ready_entry *ready_head(const struct ready *r, uint32_t lane)
{
    uint32_t i = ready_tree_first(r, READY_OF_LANE, r->lanes[lane].root);
    return i == READY_NONE ? NULL : &r->entries[i];
}

uint32_t ready_waiting(const struct ready *r, uint32_t lane)
{
    return ready_tree_size(r, READY_OF_LANE, r->lanes[lane].root);
}

uint32_t ready_before(const struct ready *r, uint32_t lane, int64_t rank, const struct id *id)
{
    return ready_tree_before(r, READY_OF_LANE, r->lanes[lane].root, rank, id);
}

bool ready_is_in_lane(const struct ready *r, const struct ready_entry *e)
{
    if (e->life.state != TASK_PENDING) return false;
    uint32_t entry = (uint32_t)(e - r->entries);
    return ready_key_at(r, entry) == READY_NONE || ready_key_lets_run(r, entry);
}

const struct ready_entry *ready_due(const struct ready *r)
{
    return r->n_due ? &r->entries[r->due[0]] : NULL;
}

int64_t ready_queued(const struct ready *r, uint32_t queue)
{
    const int64_t *n = r->queues[queue].n;
    return n[TASK_BLOCKED] + n[TASK_SCHEDULED] + n[TASK_PENDING];
}
