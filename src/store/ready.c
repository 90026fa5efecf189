/* SPDX-License-Identifier: Apache-2.0
 *
 * The index itself: slab, hash table, names and journal. The trees are in ready_tree.c, the due heap in ready_due.c;
 * link() and unlink() below are the only callers that keep all of them in step with an entry's life.
 */
#include "store/ready.h"

#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "store/ready_due.h"
#include "store/ready_tree.h"

#include <assert.h>
#include <stdlib.h>

struct ready_change {
    enum { CHANGE_PUT, CHANGE_NEW, CHANGE_REMOVE, CHANGE_TALLY } kind;
    struct id id;
    uint32_t lane; /* CHANGE_TALLY: the queue */
    enum task_state state;
    int64_t delta;
    struct life life; /* as it was */
};

struct ready_name { /* "queue\0type" */
    struct ready_name *next; /* in ready.retired */
    char text[];
};

void ready_init(struct ready *r)
{
    *r = (struct ready){.free_list = READY_NONE};
    map_init(&r->lane_by_name);
}

static struct ready_name *name_of(const struct ready_lane *l)
{
    return CONTAINER_OF(l->queue_name.p, struct ready_name, text);
}

void ready_names_free(struct ready_name *names)
{
    while (names) {
        struct ready_name *next = names->next;
        free(names);
        names = next;
    }
}

struct ready_name *ready_retired(struct ready *r)
{
    struct ready_name *names = r->retired;
    r->retired = NULL;
    return names;
}

void ready_release(struct ready *r)
{
    map_release(&r->lane_by_name);
    for (uint32_t i = 0; i < r->n_lanes; i++) free(name_of(&r->lanes[i]));
    ready_names_free(r->retired);
    for (uint32_t i = 0; i < r->n_queues; i++) free((char *)r->queues[i].name.p);
    free(r->entries);
    free(r->buckets);
    free(r->due);
    free(r->lanes);
    free(r->queues);
    free(r->journal);
    free(r->touched);
    *r = (struct ready){.free_list = READY_NONE};
}

/* ---- names ---- */

uint32_t ready_queue_of(struct ready *r, struct str name)
{
    for (uint32_t i = 0; i < r->n_queues; i++)
        if (str_eq(r->queues[i].name, name)) return i;
    if (r->n_queues == LIMIT_LANES) return READY_NONE;
    if (r->n_queues == r->cap_queues) {
        r->cap_queues = r->cap_queues ? r->cap_queues * 2 : 8;
        r->queues = mem_grow(r->queues, r->cap_queues * sizeof *r->queues);
    }
    r->queues[r->n_queues] = (struct ready_queue){.name = mem_str(name), .set = STORE_QUEUE_AS_CONFIGURED};
    return r->n_queues++;
}

/* In this batch: what a rollback brings back may be of that lane. */
static bool is_in_journal(const struct ready *r, uint32_t lane)
{
    for (size_t i = 0; i < r->n_journal; i++)
        if (r->journal[i].kind != CHANGE_TALLY && r->journal[i].lane == lane) return true;
    return false;
}

/* The place of a lane that nothing is left of, READY_NONE when all have something. */
static uint32_t give_up_one(struct ready *r)
{
    for (uint32_t i = 0; i < r->n_lanes; i++) {
        struct ready_lane *l = &r->lanes[i];
        if (l->live > 0 || l->number > UINT32_MAX - LIMIT_LANES || is_in_journal(r, i)) continue;
        (void)map_remove(&r->lane_by_name, (struct str){l->queue_name.p, l->queue_name.len + 1 + l->type.len});
        name_of(l)->next = r->retired;
        r->retired = name_of(l);
        return i;
    }
    return READY_NONE;
}

static uint32_t new_place(struct ready *r)
{
    if (r->n_lanes == LIMIT_LANES) return give_up_one(r);
    if (r->n_lanes == r->cap_lanes) {
        r->cap_lanes = r->cap_lanes ? r->cap_lanes * 2 : 8;
        r->lanes = mem_grow(r->lanes, r->cap_lanes * sizeof *r->lanes);
        r->touched = mem_grow(r->touched, r->cap_lanes * sizeof *r->touched);
    }
    r->lanes[r->n_lanes] = (struct ready_lane){.number = r->n_lanes};
    return r->n_lanes++;
}

static void touch(struct ready *r, uint32_t lane)
{
    if (r->lanes[lane].touched) return;
    r->lanes[lane].touched = true;
    r->touched[r->n_touched++] = lane;
}

uint32_t ready_lane_of(struct ready *r, struct str queue, struct str type)
{
    char name[2 * LIMIT_NAME + 1];
    assert(queue.len <= LIMIT_NAME && type.len <= LIMIT_NAME);
    memcpy(name, queue.p, queue.len);
    name[queue.len] = 0;
    memcpy(name + queue.len + 1, type.p, type.len);
    struct str key = {name, queue.len + 1 + type.len};
    uintptr_t found = (uintptr_t)map_get(&r->lane_by_name, key);
    if (found) return (uint32_t)(found - 1);
    uint32_t q = ready_queue_of(r, queue);
    uint32_t place = q == READY_NONE ? READY_NONE : new_place(r);
    if (place == READY_NONE) return READY_NONE;
    struct ready_name *kept = mem_new(sizeof *kept + key.len);
    memcpy(kept->text, name, key.len);
    struct ready_lane *l = &r->lanes[place];
    bool again = l->queue_name.p != NULL;
    *l = (struct ready_lane){.queue_name = {kept->text, queue.len}, .type = {kept->text + queue.len + 1, type.len},
                             .number = again ? l->number + LIMIT_LANES : place, .queue = q, .root = READY_NONE,
                             .touched = l->touched};
    if (again) touch(r, place); /* whoever knows the place must hear whose it is now, while the old names still stand */
    (void)map_put(&r->lane_by_name, (struct str){kept->text, key.len}, (void *)((uintptr_t)place + 1));
    return place;
}

uint32_t ready_lane_at(const struct ready *r, uint32_t number)
{
    uint32_t place = number % LIMIT_LANES;
    return place < r->n_lanes && r->lanes[place].number == number ? place : READY_NONE;
}

uint32_t ready_touched(struct ready *r)
{
    if (r->n_touched == 0) return READY_NONE;
    uint32_t lane = r->touched[--r->n_touched];
    r->lanes[lane].touched = false;
    return lane;
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
    if (e->life.state == TASK_PENDING) {
        ready_tree_add(r->entries, &r->lanes[e->lane].root, i);
        touch(r, e->lane);
    }
    if (life_next_ms(&e->life) != INT64_MAX) ready_due_add(r, i);
}

static void unlink(struct ready *r, uint32_t i)
{
    struct ready_entry *e = &r->entries[i];
    count(r, e, -1);
    r->lanes[e->lane].live--;
    if (e->life.state == TASK_PENDING) {
        ready_tree_remove(r->entries, &r->lanes[e->lane].root, i);
        touch(r, e->lane);
    }
    if (e->due_place) ready_due_remove(r, i);
}

static void set(struct ready *r, const struct id *id, uint32_t lane, const struct life *life)
{
    uint32_t i = find(r, id);
    if (i == READY_NONE)
        i = insert(r, id);
    else
        unlink(r, i);
    r->entries[i].lane = lane;
    r->entries[i].life = *life;
    link(r, i);
}

static void clear(struct ready *r, const struct id *id)
{
    uint32_t i = find(r, id);
    assert(i != READY_NONE);
    unlink(r, i);
    erase(r, i);
}

void ready_load(struct ready *r, const struct id *id, uint32_t lane, const struct life *life)
{
    uint32_t i = insert(r, id);
    r->entries[i].lane = lane;
    r->entries[i].life = *life;
    link(r, i);
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

void ready_put(struct ready *r, const struct id *id, uint32_t lane, const struct life *life)
{
    const struct ready_entry *e = ready_get(r, id);
    struct ready_change c = {.kind = e ? CHANGE_PUT : CHANGE_NEW, .id = *id, .lane = e ? e->lane : lane};
    if (e) c.life = e->life;
    note(r, &c);
    set(r, id, lane, life);
}

void ready_remove(struct ready *r, const struct id *id)
{
    const struct ready_entry *e = ready_get(r, id);
    assert(e);
    note(r, &(struct ready_change){.kind = CHANGE_REMOVE, .id = *id, .lane = e->lane, .life = e->life});
    clear(r, id);
}

void ready_tally(struct ready *r, uint32_t queue, enum task_state ending, int64_t delta)
{
    note(r, &(struct ready_change){.kind = CHANGE_TALLY, .lane = queue, .state = ending, .delta = delta});
    r->queues[queue].n[ending] += delta;
}

void ready_commit(struct ready *r)
{
    r->n_journal = 0;
}

void ready_undo(struct ready *r)
{
    while (r->n_journal > 0) {
        const struct ready_change *c = &r->journal[--r->n_journal];
        if (c->kind == CHANGE_TALLY) r->queues[c->lane].n[c->state] -= c->delta;
        else if (c->kind == CHANGE_NEW) clear(r, &c->id);
        else set(r, &c->id, c->lane, &c->life);
    }
}

/* ---- questions ---- */

const struct ready_entry *ready_head(const struct ready *r, uint32_t lane)
{
    uint32_t i = ready_tree_first(r->entries, r->lanes[lane].root);
    return i == READY_NONE ? NULL : &r->entries[i];
}

uint32_t ready_waiting(const struct ready *r, uint32_t lane)
{
    uint32_t root = r->lanes[lane].root;
    return root == READY_NONE ? 0 : r->entries[root].size;
}

uint32_t ready_before(const struct ready *r, uint32_t lane, int64_t rank, const struct id *id)
{
    return ready_tree_before(r->entries, r->lanes[lane].root, rank, id);
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
