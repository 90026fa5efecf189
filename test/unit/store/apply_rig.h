/* SPDX-License-Identifier: Apache-2.0
 *
 * A batch over an index and a shelf that can fail.
 */
#ifndef APPLY_RIG_H
#define APPLY_RIG_H

#include "base/mem.h"
#include "store/apply.h"
#include "test.h"
#include "test/unit/store/bad_shelf.h"

#define T0 INT64_C(1700000000000)

struct stage {
    struct bad_shelf shelf;
    struct ready ready;
    struct apply apply;
    struct list batch;
};

static inline void stage_open(struct stage *s)
{
    *s = (struct stage){.batch = {0}};
    bad_shelf_init(&s->shelf);
    ready_init(&s->ready);
    s->apply = (struct apply){.ready = &s->ready, .shelf = &s->shelf.shelf};
    list_init(&s->batch);
}

static inline void stage_close(struct stage *s)
{
    ready_release(&s->ready);
    bad_shelf_release(&s->shelf);
}

static inline void send(struct stage *s, struct store_req *r, enum store_op op, int64_t now_ms)
{
    r->op = op;
    r->now_ms = now_ms;
    list_push(&s->batch, &r->link);
}

static inline void run(struct stage *s)
{
    apply_batch(&s->apply, &s->batch);
    while (list_shift(&s->batch)) continue;
}

/* The calls of the shelf are counted from here on. */
static inline void stage_begin(struct stage *s)
{
    s->shelf.calls = 0;
    s->shelf.begun = s->shelf.committed = s->shelf.rolled_back = 0;
}

#endif
