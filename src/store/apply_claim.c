/* SPDX-License-Identifier: Apache-2.0
 *
 * A claim takes from the front of one lane until something stops it: what was asked for is there, the next must wait
 * for others (rank), costs too much for this batch, or must run alone. Whoever is too late to start ends on the way.
 */
#include "store/apply_claim.h"

#include "store/apply_file.h"
#include "store/apply_ops.h"
#include "store/apply_save.h"
#include "store/ready_fair.h"
#include "store/ready_key_rate.h"

#define COST_SLACK 1e-9 /* of the ceiling: sums of decimal fractions are not exact */

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

/* As far as the index knows. */
static bool may_join(const struct store_claim *r, const struct ready_entry *e)
{
    if (r->n == 0) return true;
    if (r->items[0].life.alone || e->life.alone) return false;
    return r->n < r->fill || !r->until_rank || e->life.rank <= r->until_rank;
}

static bool is_affordable(const struct store_claim *r, double cost)
{
    if (r->n == 0 || r->cost <= 0) return true;
    for (size_t i = 0; i < r->n; i++) cost += r->items[i].body.cost;
    return cost <= r->cost * (1 + COST_SLACK);
}

/* The head of the lane: starts it, ends it when it is too late for that, or leaves it: *ret_stop. */
static int claim_one(struct apply *a, struct store_claim *r, const struct ready_entry *e, bool *ret_stop)
{
    struct id id = e->id;
    struct store_claim_item *it = &r->items[r->n];
    it->life = e->life;
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->body(a->shelf, &id, &r->req.arena, &it->body);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    struct life_input in = {.event = LIFE_CLAIM, .now_ms = r->req.now_ms, .fence = r->fences[r->n], .leased = r->leased};
    struct life_outcome out;
    if (life_step(&it->life, &it->body.rules, &in, &out) == ERR_CONFLICT) {
        const struct ready_lane *l = &a->ready->lanes[r->lane];
        struct life life = e->life;
        life.state = TASK_EXPIRED;
        r->ended[r->n_ended++] = (struct store_tick_item){.id = id, .life = life, .queue = l->queue_name, .type = l->type};
        return apply_ops_expire(a, &id, r->req.now_ms);
    }
    *ret_stop = !is_affordable(r, it->body.cost);
    if (*ret_stop) return 0;
    err = apply_save_resume(a, it, &r->req.arena);
    it->n_steps = 0;
    if (!err && it->body.step.p) err = a->shelf->ops->steps(a->shelf, &id, true, &r->req.arena, &it->steps, &it->n_steps);
    if (!err) err = apply_file_claim(a, it, &r->req.arena);
    if (!err) err = a->shelf->ops->change(a->shelf, &id, &a->ready->lanes[r->lane], &it->life);
    if (err) return err;
    ready_key_rate_take(a->ready, r->lane, &id);
    ready_put(a->ready, &id, r->lane, &it->life);
    ready_fair_started(a->ready, r->lane, &id);
    r->n++;
    return 0;
}

int apply_claim(struct apply *a, struct store_claim *r)
{
    r->n = r->n_ended = 0;
    r->lane = best_lane(a, r->lanes, r->n_lanes);
    if (r->lane == READY_NONE || r->max == 0) return 0;
    size_t waiting = ready_waiting(a->ready, r->lane);
    size_t most = r->max < waiting ? r->max : waiting;
    r->items = arena_alloc(&r->req.arena, most * sizeof *r->items);
    r->ended = arena_alloc(&r->req.arena, STORE_CLAIM_ENDED * sizeof *r->ended);
    bool stop = false;
    for (size_t bytes = 0; !stop && r->n < most && r->n_ended < STORE_CLAIM_ENDED && bytes < STORE_CLAIM_BYTES;) {
        const struct ready_entry *e = ready_head(a->ready, r->lane);
        if (!e || !may_join(r, e)) break;
        size_t before = r->n;
        int err = claim_one(a, r, e, &stop);
        if (err) return err;
        if (r->n > before) bytes += r->items[before].body.input.len + r->items[before].resume.len;
    }
    r->lane = a->ready->lanes[r->lane].number;
    return 0;
}
