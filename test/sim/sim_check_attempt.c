/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts: claimed, given to a process, over.
 */
#include "test/sim/sim_check_inside.h"

/* ---- attempts ---- */

static bool comes_before(const struct check_task *a, const struct check_task *b)
{
    if (a->rank != b->rank) return a->rank < b->rank;
    int by_id = id_cmp(&a->submitted.id, &b->submitted.id);
    return by_id ? by_id < 0 : a->submitted.task < b->submitted.task;
}

/* That nothing which was ready comes before it in its lane. */
static void in_order(const struct look *k)
{
    for (size_t i = 0; i < k->c->n; i++) {
        const struct check_task *other = &k->c->tasks[i];
        if (other == k->t || !sim_check_lives(other) || other->state != TASK_PENDING) continue;
        if (!sim_check_same_queue(other, k->t) || !sim_check_same(other->submitted.type, k->t->submitted.type))
            continue;
        if (comes_before(other, k->t)) sim_check_breaks(k, "was claimed before one of its lane that comes first");
        if (other->priority_known && k->t->priority_known && other->priority > k->t->priority)
            sim_check_breaks(k, "was claimed before one of its lane that has a higher priority");
    }
}

static void in_time(const struct look *k)
{
    const struct check_task *t = k->t;
    int64_t by_ms = t->run == 1 && t->attempt == 0 ? t->submitted.start_by_ms : 0;
    /* what has come due stays so when the wall clock is set back */
    if (t->state == TASK_SCHEDULED && t->due_ms > k->c->latest_wall_ms)
        sim_check_breaks(k, "was claimed before its time");
    if (by_ms && k->f->wall_ms > by_ms) sim_check_breaks(k, "was claimed though it is too late to start");
}

static void new_fence(const struct look *k)
{
    struct check_task *t = k->t;
    int most = (int)(sizeof t->fences / sizeof *t->fences);
    for (int i = 0; i < most && i < t->n_fences; i++)
        if (t->fences[i] == k->f->fence) sim_check_breaks(k, "a fence was used twice");
    t->fences[t->n_fences++ % most] = t->fence = k->f->fence;
}

void sim_check_claimed(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->claims++;
    if (!t->accepted && !t->maybe) sim_check_breaks(k, "was claimed and never accepted");
    if (t->gone) sim_check_breaks(k, "was claimed after it was removed");
    if (t->state == TASK_RUNNING) sim_check_breaks(k, "was claimed while it has an attempt");
    if (t->endings) sim_check_breaks(k, "was claimed after its ending");
    if (k->f->run != t->run) sim_check_breaks(k, "was claimed for another run than its own");
    if (k->f->attempt != t->attempt + 1) sim_check_breaks(k, "an attempt number was left out or used twice");
    in_time(k);
    new_fence(k);
    t->rank = k->f->rank;
    in_order(k);
    t->state = TASK_RUNNING;
    t->claimed_ms = k->f->at_ms;
    t->attempt = k->f->attempt;
    t->cancelled = false;
    t->cancelled_ms = t->due_ms = 0;
}

static void within_concurrency(const struct look *k)
{
    struct sim_check *c = k->c;
    int64_t of_queue = 0, all = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!sim_check_works(&c->tasks[i])) continue;
        all++;
        of_queue += sim_check_same_queue(&c->tasks[i], k->t);
    }
    if (all > c->most_running) c->most_running = all;
    for (int i = 0; i < c->n_limits; i++)
        if (sim_check_same(c->limits[i].queue, k->t->submitted.queue) && of_queue > c->limits[i].concurrency)
            sim_check_breaks(k, "more of its queue at work than its concurrency");
}

void sim_check_began(const struct look *k)
{
    struct check_task *t = k->t;
    if (sim_check_works(t)) sim_check_breaks(k, "two live attempts");
    if (t->state == TASK_RUNNING && k->f->fence && k->f->fence != t->fence)
        sim_check_breaks(k, "an attempt with a fence that is not the current one");
    for (int i = 0; i < SIM_CHECK_LIVE; i++) {
        if (t->live[i].process) continue;
        t->live[i] = (struct check_attempt){k->f->process, k->f->at_ms};
        break;
    }
    within_concurrency(k);
}

void sim_check_stops(const struct look *k)
{
    const struct check_task *t = k->t;
    int64_t now_ms = k->f->at_ms, grace_ms = t->submitted.grace_ms + 1000;
    for (int i = 0; i < SIM_CHECK_LIVE; i++) {
        if (!t->live[i].process) continue;
        if (t->submitted.timeout_ms && now_ms > t->live[i].began_ms + t->submitted.timeout_ms + grace_ms)
            sim_check_breaks(k, "runs on after its timeout and grace");
        if (t->cancelled_ms && now_ms > t->cancelled_ms + grace_ms)
            sim_check_breaks(k, "runs on after its cancel and grace");
    }
}

void sim_check_left(const struct look *k)
{
    sim_check_stops(k);
    for (int i = 0; i < SIM_CHECK_LIVE; i++)
        if (k->t->live[i].process == k->f->process) k->t->live[i] = (struct check_attempt){0};
}

/* What a verdict costs: a failure, a death, nothing. */
static void costs(const struct look *k)
{
    const struct check_task *t = k->t;
    const struct fact *f = k->f;
    int64_t failures = f->failures - t->failures, deaths = f->deaths - t->deaths;
    bool fails = f->verdict == LIFE_FAILED || f->verdict == LIFE_TIMEOUT, dies = f->verdict == LIFE_CRASHED;
    if (failures != fails || deaths != dies)
        sim_check_breaks(k, "an attempt has cost something else than its verdict says");
    if (t->submitted.tries && f->failures > t->submitted.tries)
        sim_check_breaks(k, "has failed more often than it may");
    bool again = !state_is_ending(f->state);
    if (again && t->cancelled) sim_check_breaks(k, "goes on though its cancel was answered");
    if (again && t->submitted.tries && f->failures >= t->submitted.tries)
        sim_check_breaks(k, "goes on though it has no tries left");
    if (again && f->deaths >= LIFE_DEATHS_MAX) sim_check_breaks(k, "goes on though it has ended three workers");
    bool back = f->verdict == LIFE_RELEASED || f->verdict == LIFE_UNSTARTED || f->verdict == LIFE_LOST;
    if (back && again && (f->state != TASK_PENDING || f->rank != t->rank))
        sim_check_breaks(k, "was given back and is not in its old place");
}

void sim_check_settled(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->verdicts++;
    k->c->released += k->f->verdict == LIFE_RELEASED;
    if (t->state != TASK_RUNNING || t->fence != k->f->fence)
        sim_check_breaks(k, "a verdict was taken that is not of the current attempt");
    if (k->f->verdict == LIFE_TIMEOUT && k->f->at_ms < t->claimed_ms + t->submitted.timeout_ms)
        sim_check_breaks(k, "was timed out before its time");
    costs(k);
    t->failures = k->f->failures;
    t->deaths = k->f->deaths;
    t->attempt -= k->f->verdict == LIFE_UNSTARTED;
    sim_check_take_state(k);
}

void sim_check_stale(const struct look *k)
{
    k->c->stale++;
    if (k->t->state == TASK_RUNNING && k->t->fence == k->f->fence && !k->t->gone)
        sim_check_breaks(k, "the verdict of the current attempt was refused");
}
