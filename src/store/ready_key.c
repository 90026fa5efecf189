/* SPDX-License-Identifier: Apache-2.0
 *
 * link and unlink keep `ready` the length of that part of the tree whose tasks are in their lanes; settle moves its end
 * to where it belongs.
 */
#include "store/ready_inside.h"

#include "base/limits.h"
#include "base/mem.h"
#include "store/ready_tree.h"

#include <assert.h>
#include <stdlib.h>

void ready_key_init(struct ready *r)
{
    r->free_key = r->idle_key = READY_NONE;
    map_init(&r->key_by_name);
    ready_key_rate_init(r);
}

void ready_key_release(struct ready *r)
{
    map_release(&r->key_by_name);
    for (uint32_t i = 0; i < r->n_keys; i++) {
        ready_key_rate_forget(r, i);
        free((char *)r->keys[i].name.p);
    }
    heap_release(&r->key_waiting);
    heap_release(&r->key_resting);
    free(r->keys);
    free(r->touched_keys);
}

/* The queue's number in front of the key. */
static struct str name_of(char name[sizeof(uint32_t) + LIMIT_NAME], uint32_t queue, struct str key)
{
    assert(key.len <= LIMIT_NAME);
    memcpy(name, &queue, sizeof queue);
    memcpy(name + sizeof queue, key.p, key.len);
    return (struct str){name, sizeof queue + key.len};
}

struct str ready_key_name(const struct ready *r, uint32_t key)
{
    return str_sub(r->keys[key].name, sizeof(uint32_t), r->keys[key].name.len);
}

bool ready_key_is(const struct ready *r, const struct ready_entry *e, struct str name)
{
    uint32_t key = ready_key_at(r, (uint32_t)(e - r->entries));
    return name.p && key != READY_NONE && str_eq(ready_key_name(r, key), name);
}

static void list_idle(struct ready *r, uint32_t key)
{
    struct ready_key *k = &r->keys[key];
    if (k->idle) return;
    k->idle = true;
    k->chain = r->idle_key;
    r->idle_key = key;
}

static uint32_t new_place(struct ready *r)
{
    uint32_t key = r->free_key;
    if (key != READY_NONE) {
        r->free_key = r->keys[key].chain;
        return key;
    }
    if (r->n_keys == r->cap_keys) {
        r->cap_keys = r->cap_keys ? r->cap_keys + r->cap_keys / 2 : 16;
        r->keys = mem_grow(r->keys, r->cap_keys * sizeof *r->keys);
    }
    return r->n_keys++;
}

uint32_t ready_key_of(struct ready *r, uint32_t queue, struct str name)
{
    char text[sizeof(uint32_t) + LIMIT_NAME];
    if (!name.p) return READY_NONE;
    struct str whole = name_of(text, queue, name);
    uintptr_t found = (uintptr_t)map_get(&r->key_by_name, whole);
    if (found) return (uint32_t)(found - 1);
    uint32_t key = new_place(r);
    r->keys[key] = (struct ready_key){.name = mem_str(whole), .queue = queue, .root = READY_NONE};
    (void)map_put(&r->key_by_name, r->keys[key].name, (void *)((uintptr_t)key + 1));
    list_idle(r, key); /* until something is put there */
    return key;
}

void ready_key_sweep(struct ready *r)
{
    uint32_t next;
    for (uint32_t key; (key = ready_key_rate_rested(r)) != READY_NONE;) list_idle(r, key);
    uint32_t idle = r->idle_key;
    r->idle_key = READY_NONE;
    for (uint32_t key = idle; key != READY_NONE; key = next) {
        struct ready_key *k = &r->keys[key];
        next = k->chain;
        k->idle = false;
        if (k->live > 0) continue;
        if (k->touched) { /* it is to be told first that nothing is held any more */
            list_idle(r, key);
            continue;
        }
        if (ready_key_rate_rests(r, key)) continue;
        (void)map_remove(&r->key_by_name, k->name);
        free((char *)k->name.p);
        *k = (struct ready_key){.chain = r->free_key};
        r->free_key = key;
    }
}

static void touch_key(struct ready *r, uint32_t key)
{
    if (r->keys[key].touched) return;
    if (r->n_touched_keys == r->cap_touched_keys) {
        r->cap_touched_keys = r->cap_touched_keys ? r->cap_touched_keys * 2 : 16;
        r->touched_keys = mem_grow(r->touched_keys, r->cap_touched_keys * sizeof *r->touched_keys);
    }
    r->keys[key].touched = true;
    r->touched_keys[r->n_touched_keys++] = key;
}

uint32_t ready_key_touched(struct ready *r)
{
    while (r->n_touched_keys > 0) {
        uint32_t key = r->touched_keys[--r->n_touched_keys];
        struct ready_key *k = &r->keys[key];
        bool was = k->told;
        k->touched = false;
        k->told = ready_key_held(r, key) > 0;
        if (was || k->told) return key;
    }
    return READY_NONE;
}

uint32_t ready_key_held(const struct ready *r, uint32_t key)
{
    return ready_tree_size(r, READY_OF_KEY, r->keys[key].root) - r->keys[key].ready;
}

const struct ready_entry *ready_key_first(const struct ready *r, uint32_t key)
{
    const struct ready_key *k = &r->keys[key];
    return k->ready ? &r->entries[ready_tree_at(r, READY_OF_KEY, k->root, 0)] : NULL;
}

const struct ready_entry *ready_key_last(const struct ready *r, uint32_t key)
{
    const struct ready_key *k = &r->keys[key];
    return k->ready ? &r->entries[ready_tree_at(r, READY_OF_KEY, k->root, k->ready - 1)] : NULL;
}

/* Of those before the first with a key it must be known that they have none. */
static void make_keyed(struct ready *r)
{
    r->keyed = mem_grow(NULL, r->cap * sizeof *r->keyed);
    for (uint32_t i = 0; i < r->n; i++) r->keyed[i].key = READY_NONE;
}

void ready_key_give(struct ready *r, uint32_t entry, uint32_t key)
{
    if (key != READY_NONE && !r->keyed) make_keyed(r);
    if (r->keyed) r->keyed[entry].key = key;
    if (key != READY_NONE && r->keys[key].live == 0) r->keys[key].had = 0;
}

static uint32_t place_in(const struct ready *r, const struct ready_key *k, const struct ready_entry *e)
{
    return ready_tree_before(r, READY_OF_KEY, k->root, e->life.rank, &e->id);
}

bool ready_key_lets_run(const struct ready *r, uint32_t entry)
{
    const struct ready_key *k = &r->keys[ready_key_at(r, entry)];
    return place_in(r, k, &r->entries[entry]) < k->ready;
}

void ready_key_link(struct ready *r, uint32_t entry)
{
    struct ready_entry *e = &r->entries[entry];
    uint32_t key = ready_key_at(r, entry);
    struct ready_key *k = &r->keys[key];
    k->live++;
    if (e->life.state == TASK_RUNNING) k->running++;
    if (e->life.state != TASK_PENDING) return;
    bool among = place_in(r, k, e) < k->ready;
    ready_tree_add(r, READY_OF_KEY, &k->root, entry);
    if (!among) return;
    ready_join_lane(r, entry);
    k->ready++;
}

void ready_key_unlink(struct ready *r, uint32_t entry)
{
    struct ready_entry *e = &r->entries[entry];
    uint32_t key = ready_key_at(r, entry);
    struct ready_key *k = &r->keys[key];
    k->live--;
    if (k->live == 0) list_idle(r, key);
    if (e->life.state == TASK_RUNNING) k->running--;
    if (e->life.state != TASK_PENDING) return;
    bool among = place_in(r, k, e) < k->ready;
    ready_tree_remove(r, READY_OF_KEY, &k->root, entry);
    if (!among) return;
    ready_leave_lane(r, entry);
    k->ready--;
}

void ready_key_settle(struct ready *r, uint32_t key)
{
    if (key == READY_NONE) return;
    struct ready_key *k = &r->keys[key];
    uint32_t limit = ready_key_is_named(k) ? r->queues[k->queue].key_limit : READY_NONE, all = ready_tree_size(r, READY_OF_KEY, k->root);
    uint32_t places = limit == READY_NONE ? READY_NONE : limit > k->running ? limit - k->running : 0;
    if (places > all) places = all;
    uint32_t tokens = ready_key_rate_tokens(r, key);
    k->rated = tokens < places;
    if (k->rated) places = tokens;
    for (; k->ready < places; k->ready++) ready_join_lane(r, ready_tree_at(r, READY_OF_KEY, k->root, k->ready));
    for (; k->ready > places; k->ready--) ready_leave_lane(r, ready_tree_at(r, READY_OF_KEY, k->root, k->ready - 1));
    ready_key_rate_settle(r, key);
    if (k->told || all > k->ready) touch_key(r, key);
}

void ready_key_limit(struct ready *r, uint32_t queue)
{
    struct ready_queue *q = &r->queues[queue];
    int32_t n = q->set.key_concurrency >= 0 ? q->set.key_concurrency : q->declared_keys;
    uint32_t limit = n > 0 ? (uint32_t)n : READY_NONE;
    bool same = !ready_key_rate_change(r, queue) && limit == q->key_limit;
    if (same) return;
    q->key_limit = limit;
    for (uint32_t i = 0; i < r->n_keys; i++) {
        if (!r->keys[i].name.p || r->keys[i].queue != queue) continue;
        ready_key_settle(r, i);
        if (r->keys[i].live == 0) list_idle(r, i); /* it may have been kept for its tokens only */
    }
}
