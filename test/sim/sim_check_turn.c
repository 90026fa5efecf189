/* SPDX-License-Identifier: Apache-2.0
 *
 * Fair queues, as they are promised: while a key waits another one does not start more than a few. Knows of no virtual time.
 * Only what nobody else puts off is looked at: a task whose key has nothing in another lane and nothing that waits for
 * something else than its turn.
 */
#include "test/sim/sim_check_inside.h"

bool sim_check_is_fair(const struct sim_check *c, const struct check_task *t)
{
    for (int i = 0; i < c->n_limits; i++)
        if (sim_check_same(c->limits[i].queue, t->submitted.queue)) return c->limits[i].fair != 0;
    return false;
}

static bool same_key(const struct check_task *a, const struct check_task *b) { return a->submitted.key == b->submitted.key; }

static bool same_line(const struct check_task *a, const struct check_task *b)
{
    return sim_check_same_lane(a, b) && a->priority_known && b->priority_known && a->priority == b->priority;
}

static bool has_a_key(const struct check_task *t) { return t->submitted.key >= 0 && t->submitted.key < SIM_CHECK_KEYS; }

void sim_check_turn_comes(const struct look *k)
{
    struct check_task *t = k->t;
    if (!sim_check_is_fair(k->c, t) || t->state != TASK_PENDING || !has_a_key(t)) return;
    for (size_t i = 0; i < k->c->n; i++) {
        const struct check_task *other = &k->c->tasks[i];
        if (other == t || !sim_check_lives(other) || !sim_check_same_queue(other, t) || !same_key(other, t)) continue;
        if (other->state != TASK_RUNNING && !(other->in_turn && same_line(other, t))) return;
    }
    t->in_turn = true;
    memset(t->passed, 0, sizeof t->passed);
}

/* One that was given back had its turn before. */
void sim_check_turn_taken(const struct look *k)
{
    struct check_task *t = k->t;
    bool again = t->had_turn;
    t->in_turn = false;
    t->had_turn = true;
    if (!sim_check_is_fair(k->c, t) || !has_a_key(t)) return;
    for (size_t i = 0; i < k->c->n; i++) {
        struct check_task *other = &k->c->tasks[i];
        if (!other->in_turn || !sim_check_lives(other) || !same_line(other, t)) continue;
        if (same_key(other, t)) {
            memset(other->passed, 0, sizeof other->passed);
            continue;
        }
        if (again) continue;
        k->c->took_turns++;
        if (++other->passed[t->submitted.key] > SIM_CHECK_PASSED)
            sim_check_breaks(k, "its key has started more than its share while another one of its lane waited");
    }
}
