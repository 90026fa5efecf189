/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts: claimed, given to a process, over.
 */
#include "test/sim/sim_check_inside.h"

/* ---- attempts ---- */

bool sim_check_comes_before(const struct check_task *a, const struct check_task *b)
{
    if (a->rank != b->rank) return a->rank < b->rank;
    int by_id = id_cmp(&a->submitted.id, &b->submitted.id);
    return by_id ? by_id < 0 : a->submitted.task < b->submitted.task;
}

bool sim_check_same_lane(const struct check_task *a, const struct check_task *b)
{
    const char *of_a = a->submitted.batch_key, *of_b = b->submitted.batch_key;
    return sim_check_same_queue(a, b) && sim_check_same(a->submitted.type, b->submitted.type) && a->step == b->step &&
           (of_a ? sim_check_same(of_a, of_b) : !of_b);
}

/* That nothing which was ready comes before it in its lane. */
static void in_order(const struct look *k)
{
    for (size_t i = 0; i < k->c->n; i++) {
        const struct check_task *other = &k->c->tasks[i];
        if (other == k->t || !sim_check_lives(other) || other->state != TASK_PENDING) continue;
        if (!sim_check_same_lane(other, k->t) || other->unranked) continue;
        bool of_key = other->submitted.key == k->t->submitted.key;
        if (sim_check_is_held(k->c, other) || (!of_key && sim_check_has_key_rate(k->c, other))) {
            k->c->passed_over++;
            continue;
        }
        if (!sim_check_is_fair(k->c, k->t) && sim_check_comes_before(other, k->t))
            sim_check_breaks(k, "was claimed before one of its lane that comes first");
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
    sim_check_moved(k);
    if (!t->accepted && !t->maybe) sim_check_breaks(k, "was claimed and never accepted");
    if (t->gone) sim_check_breaks(k, "was claimed after it was removed");
    if (t->state == TASK_RUNNING) sim_check_breaks(k, "was claimed while it has an attempt");
    if (t->endings) sim_check_breaks(k, "was claimed after its ending");
    if (k->f->run != t->run) sim_check_breaks(k, "was claimed for another run than its own");
    if (k->f->attempt != t->attempt + 1) sim_check_breaks(k, "an attempt number was left out or used twice");
    in_time(k);
    new_fence(k);
    sim_check_step_claimed(k);
    sim_check_resumes(k);
    t->rank = k->f->rank;
    in_order(k);
    sim_check_turn_taken(k);
    sim_check_within_key(k);
    sim_check_key_starts(k);
    sim_check_once_claimed(k);
    t->unranked = false;
    t->state = TASK_RUNNING;
    t->claimed_ms = k->f->at_ms;
    t->attempt = k->f->attempt;
    t->cancelled = false;
    t->cancelled_ms = t->due_ms = 0;
}

static int64_t batch_of(const struct check_task *t)
{
    for (int i = 0; i < SIM_CHECK_LIVE; i++)
        if (t->live[i].process) return t->live[i].batch;
    return 0;
}

/* One of an earlier task has the same batch. */
static bool is_counted(const struct sim_check *c, size_t i)
{
    int64_t batch = batch_of(&c->tasks[i]);
    for (size_t j = 0; batch && j < i; j++)
        if (sim_check_works(&c->tasks[j]) && batch_of(&c->tasks[j]) == batch) return true;
    return false;
}

/* A batch is one thing to its queue, and all of it is of one queue and type. */
static void within_concurrency(const struct look *k)
{
    struct sim_check *c = k->c;
    int64_t of_queue = 0, all = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (!sim_check_works(&c->tasks[i]) || is_counted(c, i)) continue;
        all++;
        of_queue += sim_check_same_queue(&c->tasks[i], k->t);
    }
    if (all > c->most_running) c->most_running = all;
    for (int i = 0; i < c->n_limits; i++)
        if (sim_check_same(c->limits[i].queue, k->t->submitted.queue) && of_queue > c->limits[i].concurrency)
            sim_check_breaks(k, "more of its queue at work than its concurrency");
}

static bool shares_process(const struct check_task *a, const struct check_task *b)
{
    for (int i = 0; i < SIM_CHECK_LIVE; i++)
        for (int j = 0; j < SIM_CHECK_LIVE; j++)
            if (a->live[i].process && a->live[i].process == b->live[j].process) return true;
    return false;
}

static void goes_with(const struct look *k)
{
    int64_t batch = k->f->batch;
    for (size_t i = 0; batch && i < k->c->n; i++) {
        const struct check_task *other = &k->c->tasks[i];
        if (other == k->t || !sim_check_works(other)) continue;
        if ((k->t->alone || other->alone) && shares_process(k->t, other))
            sim_check_breaks(k, "was to be tried alone and its process has others");
        if (batch_of(other) != batch) continue;
        k->c->together++;
        if (!sim_check_same_lane(other, k->t)) sim_check_breaks(k, "is in one batch with one of another lane");
    }
}

void sim_check_began(const struct look *k)
{
    struct check_task *t = k->t;
    if (sim_check_works(t)) sim_check_breaks(k, "two live attempts");
    if (t->state == TASK_RUNNING && k->f->fence && k->f->fence != t->fence)
        sim_check_breaks(k, "an attempt with a fence that is not the current one");
    if (t->state == TASK_RUNNING && k->f->save != t->given) sim_check_breaks(k, "a process was given another checkpoint than its attempt");
    for (int i = 0; i < SIM_CHECK_LIVE; i++) {
        if (t->live[i].process) continue;
        t->live[i] = (struct check_attempt){k->f->process, k->f->at_ms, k->f->batch};
        break;
    }
    within_concurrency(k);
    sim_check_starts(k);
    goes_with(k);
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
    bool fails = f->verdict == LIFE_FAILED || f->verdict == LIFE_TIMEOUT, dies = f->verdict == LIFE_CRASHED && !f->shared;
    if (failures != fails || deaths != dies)
        sim_check_breaks(k, "an attempt has cost something else than its verdict says");
    if (t->submitted.tries && f->failures > t->submitted.tries)
        sim_check_breaks(k, "has failed more often than it may");
    bool again = !state_is_ending(f->state);
    if (again && t->cancelled) sim_check_breaks(k, "goes on though its cancel was answered");
    if (again && t->submitted.tries && f->failures >= t->submitted.tries)
        sim_check_breaks(k, "goes on though it has no tries left");
    if (again && f->deaths >= LIFE_DEATHS_MAX) sim_check_breaks(k, "goes on though it has ended three workers");
    bool back = (f->verdict == LIFE_CRASHED && f->shared) || f->verdict == LIFE_RELEASED || f->verdict == LIFE_UNSTARTED || f->verdict == LIFE_LOST;
    bool alone = again && (f->shared || (back && t->alone)); /* a verdict about itself ends it */
    if (f->alone != alone) sim_check_breaks(k, "is, or is not, to be tried alone against what its verdict says");
    if (back && again && (f->state != TASK_PENDING || f->rank != t->rank))
        sim_check_breaks(k, "was given back and is not in its old place");
}

void sim_check_settled(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->verdicts++;
    sim_check_moved(k);
    k->c->released += k->f->verdict == LIFE_RELEASED;
    k->c->shared += k->f->shared != 0;
    if (t->state != TASK_RUNNING || t->fence != k->f->fence)
        sim_check_breaks(k, "a verdict was taken that is not of the current attempt");
    if (k->f->verdict == LIFE_TIMEOUT && k->f->at_ms < t->claimed_ms + t->submitted.timeout_ms)
        sim_check_breaks(k, "was timed out before its time");
    sim_check_step_settled(k);
    costs(k);
    sim_check_goes_on(k);
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
