/* SPDX-License-Identifier: Apache-2.0
 *
 * One after the other, the earliest first; each leaves the heap, or has another time in it afterwards.
 */
#include "store/apply_tick.h"

#include "store/apply_ops.h"
#include "store/apply_share.h"
#include "store/ready_fair.h"
#include "store/ready_key_rate.h"

#include <assert.h>

/* Promotion is not written: the row says when it is due, which says the same after a restart. */
static void promote(struct apply *a, const struct ready_entry *e, int64_t now_ms)
{
    struct life life = e->life;
    struct id id = e->id;
    uint32_t lane = e->lane;
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_DUE, .now_ms = now_ms};
    struct life_outcome out;
    int err = life_step(&life, &none, &in, &out);
    assert(err == 0 && out.changed);
    ready_fair_replace(a->ready, lane, &id, &life, now_ms);
    ready_put(a->ready, &id, lane, &life);
}

static int look_at(struct apply *a, const struct ready_entry *e, struct store_tick *r, size_t *bytes)
{
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
        r->ended[r->n_ended++] = (struct store_tick_item){.id = id, .life = life, .queue = l->queue_name, .type = l->type};
        return 0;
    }
    if (e->life.woken) return apply_share_look(a, &id, r, bytes);
    promote(a, e, r->req.now_ms);
    return 0;
}

int apply_tick(struct apply *a, struct store_tick *r)
{
    size_t bytes = 0;
    r->n_ended = r->n_leads = 0;
    r->more = ready_key_rate_tick(a->ready, r->max);
    r->ended = arena_alloc(&r->req.arena, r->max * sizeof *r->ended);
    r->leads = arena_alloc(&r->req.arena, r->max * sizeof *r->leads);
    for (size_t i = 0;; i++) {
        const struct ready_entry *e = ready_due(a->ready);
        if (!e || life_next_ms(&e->life) > r->req.now_ms) return 0;
        if (i == r->max || bytes > STORE_TICK_BYTES) {
            r->more = true;
            return 0;
        }
        int err = look_at(a, e, r, &bytes);
        if (err) return err;
    }
}
