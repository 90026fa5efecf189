/* SPDX-License-Identifier: Apache-2.0
 *
 * Identical tasks that share one run.
 */
#include "test/sim/sim_check_inside.h"

static bool is_identical(const struct check_task *a, const struct check_task *b)
{
    return a != b && a->submitted.cache && a->submitted.cache == b->submitted.cache &&
           sim_check_same(a->submitted.type, b->submitted.type);
}

static bool is_behind(const struct check_task *t, const struct check_task *other)
{
    return t->priority_known && other->priority_known && t->priority < other->priority;
}

void sim_check_follows(const struct look *k)
{
    struct check_task *t = k->t;
    const struct check_task *leader = sim_check_task(k->c, k->f->follows);
    bool asked = t->submitted.cache && !t->submitted.bypass;
    if (k->f->state != TASK_BLOCKED) sim_check_breaks(k, "follows another one and is not blocked");
    if (!asked) sim_check_breaks(k, "follows another one and had not asked for that");
    if (!leader || !is_identical(leader, t) || !sim_check_same_queue(leader, t))
        sim_check_breaks(k, "follows one that is not identical, or elsewhere");
    else if (!sim_check_lives(leader) || leader->follows || leader->state == TASK_BLOCKED || leader->cancelled)
        sim_check_breaks(k, "follows one that is not in flight");
    else if (is_behind(leader, t)) sim_check_breaks(k, "follows one that comes after it");
    t->follows = true;
    k->c->followed++;
}

/* It has ended in a tick, with the result of another. */
void sim_check_followed(const struct look *k)
{
    if (!k->t->follows || k->t->state != TASK_BLOCKED) sim_check_breaks(k, "was answered and had followed nobody");
    k->t->from = k->f->from;
    sim_check_answered(k);
}

void sim_check_leads(const struct look *k)
{
    struct check_task *t = k->t;
    if (!t->follows || t->state != TASK_BLOCKED) sim_check_breaks(k, "was let go and had followed nobody");
    for (size_t i = 0; i < k->c->n; i++) {
        const struct check_task *other = &k->c->tasks[i];
        bool in_flight = sim_check_lives(other) && other->state == TASK_RUNNING && !other->cancelled && other->run == 1;
        bool at_once = k->f->state == TASK_PENDING; /* else it was given a time of its own */
        bool known = at_once && t->priority_known && other->priority_known && other->priority >= t->priority;
        if (in_flight && known && is_identical(other, t) && sim_check_same_queue(other, t))
            sim_check_breaks(k, "runs itself though an identical one does");
    }
    t->follows = false;
    k->c->led++;
    sim_check_take_state(k);
}
