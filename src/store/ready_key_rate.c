/* SPDX-License-Identifier: Apache-2.0
 *
 * A bucket is in one of the two heaps or in none.
 */
#include "store/ready_key_rate.h"

#include "base/list.h"
#include "base/mem.h"
#include "store/ready_inside.h"

#include <stdlib.h>

struct ready_bucket {
    struct heap_slot slot;
    struct heap *in;     /* borrowed; NULL: none */
    uint32_t key;
    int64_t at_ms;       /* mono; of the heap */
    struct rate_bucket tokens;
};

static struct ready_bucket *of_slot(const struct heap_slot *s) { return CONTAINER_OF(s, struct ready_bucket, slot); }

static bool is_earlier(const struct heap_slot *a, const struct heap_slot *b)
{
    const struct ready_bucket *x = of_slot(a), *y = of_slot(b);
    return x->at_ms != y->at_ms ? x->at_ms < y->at_ms : x->key < y->key;
}

void ready_key_rate_init(struct ready *r)
{
    heap_init(&r->key_waiting, is_earlier);
    heap_init(&r->key_resting, is_earlier);
}

void ready_key_rate_now(struct ready *r, int64_t mono_ms, int64_t wall_ms)
{
    if (mono_ms > r->mono_ms) r->mono_ms = mono_ms;
    r->wall_ms = wall_ms;
}

/* ---- a bucket ---- */

static void move(struct ready_bucket *b, struct heap *to, int64_t at_ms)
{
    if (b->in == to && b->at_ms == at_ms) return;
    if (b->in) heap_remove(b->in, &b->slot);
    b->in = to;
    b->at_ms = at_ms;
    if (to) heap_add(to, &b->slot);
}

static struct ready_bucket *own(struct ready *r, uint32_t key)
{
    struct ready_key *k = &r->keys[key];
    if (k->own) return k->own;
    k->own = mem_new(sizeof *k->own);
    *k->own = (struct ready_bucket){.key = key, .tokens = r->queues[k->queue].key_rate};
    return k->own;
}

void ready_key_rate_forget(struct ready *r, uint32_t key)
{
    struct ready_bucket *b = r->keys[key].own;
    if (!b) return;
    move(b, NULL, 0);
    free(b);
    r->keys[key].own = NULL;
}

uint32_t ready_key_rate_tokens(struct ready *r, uint32_t key)
{
    struct ready_key *k = &r->keys[key];
    struct rate_bucket *b = &r->queues[k->queue].key_rate;
    if (b->rate.n <= 0 || !ready_key_is_named(k)) return READY_NONE;
    return (uint32_t)rate_tokens(k->own ? &k->own->tokens : b, r->mono_ms);
}

/* ---- taken ---- */

/* READY_NONE: it has no key whose starts are counted. */
static uint32_t counted(const struct ready *r, uint32_t lane, const struct id *id)
{
    if (r->queues[r->lanes[lane].queue].key_rate.rate.n <= 0) return READY_NONE;
    uint32_t key = ready_key_at(r, (uint32_t)(ready_get(r, id) - r->entries));
    return key != READY_NONE && ready_key_is_named(&r->keys[key]) ? key : READY_NONE;
}

void ready_key_rate_take(struct ready *r, uint32_t lane, const struct id *id)
{
    uint32_t key = counted(r, lane, id);
    if (key == READY_NONE) return;
    ready_note_token(r, key);
    rate_take(&own(r, key)->tokens, 1, r->mono_ms);
}

void ready_key_rate_undo(struct ready *r, uint32_t key)
{
    struct ready_bucket *b = r->keys[key].own;
    if (!b) return; /* the rate has become none since: nothing is counted */
    rate_give(&b->tokens, 1, r->mono_ms);
    ready_key_settle(r, key);
}

/* ---- when to look again ---- */

void ready_key_rate_settle(struct ready *r, uint32_t key)
{
    struct ready_key *k = &r->keys[key];
    if (!k->rated && !k->own) return;
    struct ready_bucket *b = own(r, key);
    int64_t in_ms = k->rated ? rate_wait_ms(&b->tokens, rate_tokens(&b->tokens, r->mono_ms) + 1, r->mono_ms) : -1;
    if (in_ms >= 0) move(b, &r->key_waiting, r->mono_ms + in_ms);
    else if (k->live > 0 || b->in == &r->key_waiting) move(b, NULL, 0);
}

bool ready_key_rate_tick(struct ready *r, size_t max)
{
    for (struct heap_slot *s; (s = heap_first(&r->key_waiting)) && of_slot(s)->at_ms <= r->mono_ms; max--) {
        if (max == 0) return true;
        ready_key_settle(r, of_slot(s)->key);
    }
    return false;
}

int64_t ready_key_rate_due(const struct ready *r)
{
    const struct heap_slot *s = heap_first(&r->key_waiting);
    return s ? r->wall_ms + (of_slot(s)->at_ms - r->mono_ms) : INT64_MAX;
}

bool ready_key_rate_rests(struct ready *r, uint32_t key)
{
    struct ready_bucket *b = r->keys[key].own;
    if (b && rate_is_full(&b->tokens, r->mono_ms)) ready_key_rate_forget(r, key);
    else if (b) move(b, &r->key_resting, r->mono_ms + rate_wait_ms(&b->tokens, b->tokens.rate.burst, r->mono_ms));
    return r->keys[key].own != NULL;
}

uint32_t ready_key_rate_rested(struct ready *r)
{
    const struct heap_slot *s = heap_first(&r->key_resting);
    if (!s || of_slot(s)->at_ms > r->mono_ms) return READY_NONE;
    uint32_t key = of_slot(s)->key;
    ready_key_rate_forget(r, key);
    return key;
}

/* ---- another rate ---- */

bool ready_key_rate_change(struct ready *r, uint32_t queue)
{
    struct ready_queue *q = &r->queues[queue];
    const struct rate *rate = q->set.key_rate.n >= 0 ? &q->set.key_rate : &q->declared_key_rate;
    if (rate_same(&q->key_rate.rate, rate)) return false;
    rate_change(&q->key_rate, rate, r->mono_ms);
    for (uint32_t i = 0; i < r->n_keys; i++) {
        if (!r->keys[i].own || r->keys[i].queue != queue) continue;
        if (rate->n > 0) rate_change(&r->keys[i].own->tokens, rate, r->mono_ms);
        else ready_key_rate_forget(r, i);
    }
    return true;
}
