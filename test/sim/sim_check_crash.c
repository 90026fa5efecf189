/* SPDX-License-Identifier: Apache-2.0
 *
 * A crash: what nobody knows any more, and what is found afterwards.
 */
#include "test/sim/sim_check_inside.h"

/* ---- a crash, and what is found after it ---- */

void sim_check_crashed(struct sim_check *c)
{
    c->crashes++;
    c->down = true;
    sim_check_deaf(c);
    for (size_t i = 0; i < c->n; i++) {
        struct check_task *t = &c->tasks[i];
        if (t->asked && !t->answered) t->maybe = true;
        for (int v = 0; v < SIM_CHECK_VERBS; v++) {
            t->maybe_did[v] |= t->asks[v] > 0;
            t->asks[v] = 0;
        }
        memset(t->live, 0, sizeof t->live);
        t->in_turn = false;
    }
}

static void same_as_answered(const struct look *k)
{
    const struct check_task *t = k->t;
    const struct fact *f = k->f;
    bool again = t->maybe_did[STORE_RETRY];
    if (t->endings && !again && (f->state != t->state || f->run != t->run))
        sim_check_breaks(k, "an ending that was answered is another one");
    if (f->run < t->run || (f->run > t->run && !again)) sim_check_breaks(k, "is in another run than was answered");
    if (f->run == t->run && f->attempt + 1 < t->attempt) sim_check_breaks(k, "attempts that were answered are gone");
    if (f->run == t->run && f->step == t->step && (f->failures < t->failures || f->deaths < t->deaths))
        sim_check_breaks(k, "failures that were answered are gone");
    if (f->state == TASK_RUNNING && !f->leased) sim_check_breaks(k, "an attempt of a server that is gone still stands");
}

/* After a crash what is there counts, if it can have come from what was answered and what was not. */
static void adopt(const struct look *k)
{
    struct check_task *t = k->t;
    const struct fact *f = k->f;
    bool over = state_is_ending(f->state);
    if (!t->accepted) t->priority = t->submitted.priority;
    t->priority_known = (t->priority_known || !t->accepted) && !t->maybe_did[STORE_PATCH];
    sim_check_step_seen(k);
    t->accepted = true;
    t->maybe = t->refused = false;
    memset(t->maybe_did, 0, sizeof t->maybe_did);
    if (f->run != t->run) sim_check_new_run(t);
    t->kept_unsure = true;
    t->state = f->state;
    t->run = f->run;
    t->attempt = f->attempt;
    t->failures = f->failures;
    t->deaths = f->deaths;
    t->rank = f->rank;
    t->alone = f->alone;
    t->due_ms = f->due_ms;
    t->follows = f->follows != 0;
    t->fence = f->leased ? f->fence : 0; /* a puller has it, and goes on */
    t->cancelled_ms = 0;
    t->cancelled = f->stops;
    t->claimed_ms = INT64_MIN / 2;       /* by the wall clock, which may have been set since */
    t->endings = over;
    t->ended = f->run - !over;
    t->told = f->told ? t->ended : t->told;
}

void sim_check_seen(const struct look *k)
{
    struct check_task *t = k->t;
    if (t->refused && !t->maybe) sim_check_breaks(k, "is there though it was refused");
    if (t->gone) sim_check_breaks(k, "is there though it was removed");
    if (!t->asked) sim_check_breaks(k, "is there and nobody submitted it");
    t->has_code = k->f->code != 0;
    if (k->c->down) {
        if (t->accepted) same_as_answered(k);
        adopt(k);
    } else if (k->f->state != t->state || k->f->run != t->run || k->f->attempt != t->attempt || k->f->alone != t->alone) {
        sim_check_breaks(k, "is not as it was answered");
    }
}

void sim_check_missing(const struct look *k)
{
    struct check_task *t = k->t;
    bool may_be = t->refused || t->gone || (!t->accepted && t->maybe) || t->maybe_did[STORE_DELETE];
    may_be |= !k->c->keeps && state_is_ending(t->state);
    if (t->accepted && !may_be) sim_check_breaks(k, "was accepted and is not there");
    t->gone = t->accepted;
}
