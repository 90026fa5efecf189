/* SPDX-License-Identifier: Apache-2.0
 *
 * Limits per key.
 */
#include "test/sim/sim_check_inside.h"

/* 0: none. */
static int64_t limit_of(const struct sim_check *c, const struct check_task *t)
{
    for (int i = 0; i < c->n_limits && t->submitted.key; i++)
        if (sim_check_same(c->limits[i].queue, t->submitted.queue)) return c->limits[i].keys;
    return 0;
}

static bool same_key(const struct check_task *a, const struct check_task *b)
{
    return a != b && a->submitted.key == b->submitted.key && sim_check_same_queue(a, b);
}

/* One whose time has come may have been let in since: only the store knows. */
static bool may_be_ready(const struct sim_check *c, const struct check_task *t)
{
    return t->state == TASK_PENDING || (t->state == TASK_SCHEDULED && t->due_ms <= c->latest_wall_ms);
}

bool sim_check_is_held(const struct sim_check *c, const struct check_task *t)
{
    int64_t limit = limit_of(c, t), taken = 0;
    for (size_t i = 0; i < c->n && limit; i++) {
        const struct check_task *other = &c->tasks[i];
        if (!sim_check_lives(other) || !same_key(other, t)) continue;
        taken += other->state == TASK_RUNNING || (may_be_ready(c, other) && sim_check_comes_before(other, t));
    }
    return limit && taken >= limit;
}

void sim_check_within_key(const struct look *k)
{
    int64_t limit = limit_of(k->c, k->t), running = 0;
    for (size_t i = 0; i < k->c->n && limit; i++) {
        const struct check_task *other = &k->c->tasks[i];
        running += sim_check_lives(other) && other->state == TASK_RUNNING && same_key(other, k->t);
    }
    if (limit && running >= limit) sim_check_breaks(k, "more of its key at work than its queue allows");
}
