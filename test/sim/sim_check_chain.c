/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains: which step one is at.
 */
#include "test/sim/sim_check_inside.h"

/* The first step above number `step` that is to be done; 0: none. */
static int64_t after(const struct check_task *t, int64_t step)
{
    int64_t left = t->submitted.steps >> step;
    return left ? step + 1 + __builtin_ctzll((uint64_t)left) : 0;
}

int64_t sim_check_first_step(const struct check_task *t) { return after(t, 0); }

void sim_check_step_claimed(const struct look *k)
{
    if (k->f->step != k->t->step) sim_check_breaks(k, "an attempt at another step of its chain than the one it is at");
}

/* Its failures were those of the step; the next one has none, and no checkpoints. */
static void go_on(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->stepped++;
    if (k->f->verdict != LIFE_DONE) sim_check_breaks(k, "goes on to a step though the one before is not done");
    if (k->f->step != after(t, t->step)) sim_check_breaks(k, "a step of its chain was left out, or done again");
    if (k->f->failures || k->f->deaths) sim_check_breaks(k, "takes failures to another step of its chain");
    if (k->f->state != TASK_PENDING || k->f->rank != t->rank) sim_check_breaks(k, "goes on to another step and not in its place");
    t->step = k->f->step;
    t->failures = t->deaths = 0;
    sim_check_new_run(t);
}

void sim_check_step_settled(const struct look *k)
{
    const struct check_task *t = k->t;
    if (k->f->step && !state_is_ending(k->f->state)) go_on(k);
    else if (k->f->verdict == LIFE_DONE && k->f->state == TASK_COMPLETED && t->step && after(t, t->step))
        sim_check_breaks(k, "has completed and steps of its chain were not done");
}

/* What was done and not yet answered may have been kept. */
void sim_check_step_seen(const struct look *k)
{
    struct check_task *t = k->t;
    int64_t at = t->accepted ? t->step : sim_check_first_step(t);
    while (at && at != k->f->step) at = after(t, at);
    if (at != k->f->step) sim_check_breaks(k, "is at a step of its chain that it cannot have come to");
    if (t->step != k->f->step) sim_check_new_run(t); /* its checkpoints were those of the step before */
    t->step = k->f->step;
}
