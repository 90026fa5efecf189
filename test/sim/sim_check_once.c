/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that one task at a time holds.
 */
#include "test/sim/sim_check_inside.h"

/* The next after `at` that lives and has the key of this one; c->n: none. */
static size_t next_of_key(const struct look *k, size_t at)
{
    const struct sim_check *c = k->c;
    for (; at < c->n; at++) {
        const struct check_task *other = &c->tasks[at];
        if (other != k->t && k->t->submitted.once && other->submitted.once == k->t->submitted.once &&
            sim_check_lives(other) && sim_check_same(other->submitted.type, k->t->submitted.type))
            break;
    }
    return at;
}

void sim_check_once_taken(const struct look *k)
{
    int others = 0;
    for (size_t i = next_of_key(k, 0); i < k->c->n; i = next_of_key(k, i + 1)) {
        const struct check_task *other = &k->c->tasks[i];
        others++;
        if (other->state != TASK_RUNNING || !other->cancelled) sim_check_breaks(k, "took a key that another one holds");
        if (k->f->state != TASK_BLOCKED || k->f->follows) sim_check_breaks(k, "does not wait for the end of the one it replaces");
    }
    if (k->f->state == TASK_BLOCKED && !k->f->follows && others != 1) sim_check_breaks(k, "is blocked and nothing is in its way");
}

void sim_check_once_claimed(const struct look *k)
{
    if (k->t->state == TASK_BLOCKED) sim_check_breaks(k, "was claimed while it is blocked");
    for (size_t i = next_of_key(k, 0); i < k->c->n; i = next_of_key(k, i + 1))
        if (k->c->tasks[i].state == TASK_RUNNING) sim_check_breaks(k, "two live attempts of one key");
}

/* Whoever waited for that waits for its time or its turn from here on. */
void sim_check_once_ended(const struct look *k)
{
    for (size_t i = next_of_key(k, 0); i < k->c->n; i = next_of_key(k, i + 1)) {
        struct check_task *other = &k->c->tasks[i];
        if (other->state != TASK_BLOCKED || other->follows) continue;
        other->state = other->due_ms ? TASK_SCHEDULED : TASK_PENDING;
        other->unranked = true;
        k->c->unblocked++;
    }
}

void sim_check_replaced(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->replaced++;
    if (!sim_check_lives(t)) sim_check_breaks(k, "was replaced and had ended");
    if (k->f->state != TASK_RUNNING) {
        sim_check_take_state(k);
        return;
    }
    if (!t->cancelled) t->cancelled_ms = k->f->at_ms;
    t->cancelled = true;
}

int64_t sim_check_newest_blocked(const struct sim_check *c)
{
    for (size_t i = c->n; i > 0; i--)
        if (sim_check_lives(&c->tasks[i - 1]) && c->tasks[i - 1].state == TASK_BLOCKED) return (int64_t)i;
    return 0;
}
