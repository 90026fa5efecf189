/* SPDX-License-Identifier: Apache-2.0
 *
 * A few additions a request.
 */
#include "store/gauge.h"

#include "base/mem.h"
#include "store/wrap.h"

#include <assert.h>

static const int64_t bounds_ms[GAUGE_BUCKETS] = {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, INT64_MAX};

struct gauge {
    struct wrap wrap; /* first: freed by wrap_close */
    struct gauge_op ops[STORE_OPS];
};

static void on_done(struct store_req *r)
{
    struct gauge *g = CONTAINER_OF(wrap_pop(r), struct gauge, wrap);
    struct gauge_op *o = &g->ops[r->op];
    int64_t took_ms = turn_mono_ms(g->wrap.store.turn) - r->since_ms;
    o->waiting--;
    o->requests++;
    if (r->err) o->errors++;
    else o->items += wrap_items(r);
    o->total_ms += took_ms;
    if (took_ms > o->max_ms) o->max_ms = took_ms;
    int b = 0;
    while (took_ms > bounds_ms[b]) b++;
    o->buckets[b]++;
    r->on_done(r);
}

static void submit(struct store *s, struct store_req *r)
{
    struct gauge *g = CONTAINER_OF(s, struct gauge, wrap.store);
    g->ops[r->op].waiting++;
    wrap_push(&g->wrap, r, on_done);
    wrap_pass(&g->wrap, r);
}

static const struct store_engine engine = {.name = "gauge", .submit = submit, .close = wrap_close};

struct store *gauge_open(struct store *inner)
{
    struct gauge *g = mem_new(sizeof *g);
    wrap_init(&g->wrap, &engine, inner);
    return &g->wrap.store;
}

const struct gauge_op *gauge_of(const struct store *s, enum store_op op)
{
    assert(s->engine == &engine && op < STORE_OPS);
    return &CONTAINER_OF(s, const struct gauge, wrap.store)->ops[op];
}

int64_t gauge_bound_ms(int bucket)
{
    return bounds_ms[bucket];
}
