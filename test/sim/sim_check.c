/* SPDX-License-Identifier: Apache-2.0
 *
 * The watcher: of each task it keeps what was said of it last, and holds every fact against that.
 */
#include "test/sim/sim_check_inside.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void sim_check_open(struct sim_check *c) { *c = (struct sim_check){0}; }

void sim_check_close(struct sim_check *c)
{
    sim_check_free_starts(c);
    free(c->tasks);
    free(c->key_starts);
    c->tasks = NULL;
    c->n = c->cap = 0;
}

void sim_check_broken(struct sim_check *c, int64_t task, const char *format, ...)
{
    if (c->broken[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(c->broken, sizeof c->broken, format, args);
    va_end(args);
    c->broken_task = task;
}

void sim_check_breaks(const struct look *k, const char *what)
{
    sim_check_broken(k->c, k->f->task, "task %lld, run %lld, attempt %lld: %s", (long long)k->f->task,
                     (long long)k->t->run, (long long)k->t->attempt, what);
}

const struct check_task *sim_check_task(const struct sim_check *c, int64_t number)
{
    return number >= 1 && (size_t)number <= c->n ? &c->tasks[number - 1] : NULL;
}

static struct check_task *task_of(struct sim_check *c, int64_t number)
{
    while ((size_t)number > c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 64;
        c->tasks = mem_grow(c->tasks, cap * sizeof *c->tasks);
        memset(c->tasks + c->cap, 0, (cap - c->cap) * sizeof *c->tasks);
        c->cap = cap;
    }
    if ((size_t)number > c->n) c->n = (size_t)number;
    return &c->tasks[number - 1];
}

bool sim_check_same(const char *a, const char *b) { return a && b && strcmp(a, b) == 0; }
bool sim_check_same_queue(const struct check_task *a, const struct check_task *b)
{
    return sim_check_same(a->submitted.queue, b->submitted.queue);
}
bool sim_check_lives(const struct check_task *t) { return t->accepted && !t->gone && !state_is_ending(t->state); }
bool sim_check_works(const struct check_task *t)
{
    for (int i = 0; i < SIM_CHECK_LIVE; i++)
        if (t->live[i].process) return true;
    return false;
}

/* ---- endings ---- */

static void ended(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->endings[t->state]++;
    t->ended++;
    if (++t->endings > 1) sim_check_breaks(k, "a second ending of one run");
    sim_check_to_hear(k);
    sim_check_once_ended(k);
}

void sim_check_take_state(const struct look *k)
{
    struct check_task *t = k->t;
    t->state = k->f->state;
    t->rank = k->f->rank;
    t->due_ms = k->f->due_ms;
    t->alone = k->f->alone;
    t->unranked = false;
    if (t->state != TASK_BLOCKED) t->follows = false;
    if (t->state != TASK_RUNNING) t->fence = 0;
    if (t->state == TASK_SCHEDULED) t->had_turn = false;
    if (state_is_ending(t->state)) ended(k);
}

/* ---- submits ---- */

static void on_submitted(const struct look *k)
{
    if (k->t->asked) sim_check_breaks(k, "was submitted twice");
    k->t->submitted = *k->f;
    k->t->asked = true;
}

static int64_t waiting(const struct sim_check *c, const struct check_task *like)
{
    int64_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct check_task *t = &c->tasks[i];
        n += t != like && sim_check_lives(t) && t->state != TASK_RUNNING && sim_check_same_queue(t, like);
    }
    return n;
}

static void within_capacity(const struct look *k)
{
    const struct sim_check *c = k->c;
    for (int i = 0; i < c->n_limits; i++) {
        if (!sim_check_same(c->limits[i].queue, k->t->submitted.queue) || c->limits[i].capacity == 0) continue;
        if (waiting(c, k->t) >= c->limits[i].capacity) sim_check_breaks(k, "was taken over the capacity of its queue");
    }
}

static void on_accepted(const struct look *k)
{
    struct check_task *t = k->t;
    if (!t->asked) sim_check_breaks(k, "was accepted and never submitted");
    if (t->refused) sim_check_breaks(k, "was accepted after it was refused");
    if (t->accepted) sim_check_breaks(k, "was accepted twice");
    t->from = k->f->from;
    if (t->from) sim_check_answered(k);
    else within_capacity(k), sim_check_once_taken(k);
    t->accepted = t->answered = true;
    t->run = 1;
    t->step = sim_check_first_step(t);
    t->priority = t->submitted.priority;
    t->priority_known = true;
    if (k->f->follows) sim_check_follows(k);
    sim_check_take_state(k);
    sim_check_turn_comes(k);
}

static void on_refused(const struct look *k)
{
    if (k->t->accepted) sim_check_breaks(k, "was refused after it was accepted");
    k->t->refused = k->t->answered = true;
    k->t->maybe = k->f->trouble != 0; /* a commit that failed may be found on the disk by whoever comes next */
}

/* ---- what people do ---- */

static void on_asked(const struct look *k) { k->t->asks[k->f->verb]++; }

static void on_answered(const struct look *k)
{
    if (k->t->asks[k->f->verb]-- <= 0) sim_check_breaks(k, "somebody was answered who did not ask");
    if (k->f->trouble) k->t->maybe_did[k->f->verb] = true;
}

static void begin_again(const struct look *k)
{
    struct check_task *t = k->t;
    if (!t->endings) sim_check_breaks(k, "another run though this one has not ended");
    if (k->f->run != t->run + 1) sim_check_breaks(k, "a number of a run was left out or used twice");
    within_capacity(k);
    sim_check_once_taken(k);
    t->run = k->f->run;
    t->from = 0;
    t->endings = t->attempt = t->failures = t->deaths = t->cancelled_ms = 0;
    t->cancelled = false;
    sim_check_new_run(t);
}

static void on_changed(const struct look *k)
{
    struct check_task *t = k->t;
    t->in_turn = false;
    if (t->gone) sim_check_breaks(k, "was changed after it was removed");
    switch (k->f->verb) {
    case STORE_RETRY: begin_again(k); break;
    case STORE_DELETE:
        if (sim_check_lives(t)) sim_check_breaks(k, "was deleted though it lives");
        t->gone = true;
        return;
    case STORE_CANCEL:
        if (k->f->state != TASK_RUNNING) break;
        t->cancelled = true;
        t->cancelled_ms = k->f->at_ms;
        return;
    case STORE_PATCH:
    case STORE_COMPLETE:
    case STORE_FAIL:
        if (t->state == TASK_RUNNING) sim_check_breaks(k, "was changed from outside while it has an attempt");
        break;
    }
    if (t->endings) sim_check_breaks(k, "was changed after its ending");
    if (k->f->verb == STORE_PATCH) t->priority = k->f->priority, t->priority_known = true;
    sim_check_take_state(k);
}

static void on_ended(const struct look *k)
{
    struct check_task *t = k->t;
    if (k->f->from) sim_check_followed(k);
    else k->c->late++;
    if (t->state == TASK_RUNNING || t->attempt) sim_check_breaks(k, "ended as never started though it has been");
    if (!k->f->from && t->submitted.start_by_ms && k->f->wall_ms <= t->submitted.start_by_ms)
        sim_check_breaks(k, "ended as too late while it is not");
    t->state = k->f->state;
    t->follows = false;
    ended(k);
}

static void on_told(const struct look *k)
{
    if (++k->t->told > k->t->ended) sim_check_breaks(k, "a waiter was told of an ending that is not");
}

static void on_purged(const struct look *k)
{
    k->c->purged++;
    if (sim_check_lives(k->t)) sim_check_breaks(k, "was purged though it lives");
    k->t->gone = true;
}

/* ---- at rest ---- */

/* A worker of this queue and type has nothing to do, and nothing is on its way. */
static void on_idle(struct sim_check *c, const struct fact *f)
{
    int64_t at_work = 0;
    for (size_t i = 0; i < c->n; i++)
        at_work += c->tasks[i].state == TASK_RUNNING && sim_check_lives(&c->tasks[i]) &&
                   sim_check_same(c->tasks[i].submitted.queue, f->queue);
    if ((f->concurrency && at_work >= f->concurrency) || !sim_check_token_is_due(c, f)) return;
    for (size_t i = 0; i < c->n; i++) {
        struct check_task *t = &c->tasks[i];
        if (!sim_check_lives(t) || t->state != TASK_PENDING || !sim_check_same(t->submitted.queue, f->queue) ||
            !sim_check_same(t->submitted.type, f->type) || t->step != f->step || sim_check_is_held(c, t) || !sim_check_has_key_token(c, t, f->at_ms))
            continue;
        struct fact of = *f;
        of.task = (int64_t)i + 1;
        sim_check_breaks(&(struct look){c, &of, t}, "waits though a worker and a place in its queue are free");
    }
}

static void on_pulse(struct sim_check *c, const struct fact *f)
{
    for (size_t i = 0; i < c->n; i++) {
        struct fact of = *f;
        of.task = (int64_t)i + 1;
        if (sim_check_works(&c->tasks[i])) sim_check_stops(&(struct look){c, &of, &c->tasks[i]});
    }
}

/* ---- the end ---- */

static void end_of(const struct look *k)
{
    const struct check_task *t = k->t;
    if (t->asked && !t->answered && !k->c->crashes) sim_check_breaks(k, "its submit was not answered");
    for (int v = 0; v < SIM_CHECK_VERBS; v++)
        if (t->asks[v]) sim_check_breaks(k, "somebody who asked was not answered");
    if (sim_check_works(t)) sim_check_breaks(k, "is still worked on");
    if (!t->accepted || t->gone) return;
    if (!state_is_ending(t->state)) sim_check_breaks(k, "has not ended");
    else if (t->endings != 1 || t->ended != t->run) sim_check_breaks(k, "not one ending per run");
    else if (t->told != t->ended) sim_check_breaks(k, "its waiters were not told once per run");
    else if (t->unheard) sim_check_breaks(k, "a listener was not told of its ending");
    else if (t->state != TASK_COMPLETED && !t->has_code) sim_check_breaks(k, "ended without a code");
}

static void on_over(struct sim_check *c, const struct fact *f)
{
    for (size_t i = 0; i < c->n; i++) {
        struct fact of = *f;
        of.task = (int64_t)i + 1;
        end_of(&(struct look){c, &of, &c->tasks[i]});
    }
}

/* Said again it holds from there on. */
static void on_limit(struct sim_check *c, const struct fact *f)
{
    int i = 0;
    while (i < c->n_limits && !sim_check_same(c->limits[i].queue, f->queue)) i++;
    if (i == SIM_CHECK_LIMITS) abort();
    if (i == c->n_limits) c->n_limits++;
    c->limits[i].queue = f->queue;
    c->limits[i].concurrency = f->concurrency;
    c->limits[i].capacity = f->capacity;
    c->limits[i].keys = f->keys;
    c->limits[i].fair = f->fair;
    c->limits[i].rate = f->rate;
    c->limits[i].burst = f->burst;
    c->limits[i].per_ms = f->per_ms;
    c->limits[i].n_starts = 0;
    c->limits[i].key_rate = f->key_rate;
    c->limits[i].key_burst = f->key_burst;
    c->limits[i].key_per_ms = f->key_per_ms;
}

void sim_check_fact(struct sim_check *c, const struct fact *f)
{
    struct look k = {c, f, f->task ? task_of(c, f->task) : NULL};
    bool looks = f->kind == FACT_SEEN || f->kind == FACT_MISSING || f->kind == FACT_NOTE || f->kind == FACT_CRASHED;
    if (!looks) c->down = false;
    if (f->wall_ms > c->latest_wall_ms) c->latest_wall_ms = f->wall_ms;
    switch (f->kind) {
    case FACT_LIMIT: on_limit(c, f); break;
    case FACT_KEEPS: c->keeps = true; break;
    case FACT_SUBMITTED: on_submitted(&k); break;
    case FACT_ACCEPTED: on_accepted(&k); break;
    case FACT_REPLACED: sim_check_replaced(&k); break;
    case FACT_REFUSED: on_refused(&k); break;
    case FACT_CLAIMED: sim_check_claimed(&k); break;
    case FACT_BEGAN: sim_check_began(&k); break;
    case FACT_LEFT: sim_check_left(&k); break;
    case FACT_SETTLED: sim_check_settled(&k); break;
    case FACT_STALE: sim_check_stale(&k); break;
    case FACT_SAID: sim_check_said(&k); break;
    case FACT_KEPT: sim_check_kept(&k); break;
    case FACT_ASKED: if (k.t) on_asked(&k); break; /* of a task that never was, there is nothing to say */
    case FACT_CHANGED: on_changed(&k); break;
    case FACT_ANSWERED: if (k.t) on_answered(&k); break;
    case FACT_ENDED: on_ended(&k); break;
    case FACT_LEADS: sim_check_leads(&k); break;
    case FACT_TOLD: on_told(&k); break;
    case FACT_LISTENS: sim_check_hears(c); break;
    case FACT_HEARD: sim_check_heard(&k); break;
    case FACT_CUT: sim_check_cut(c); break;
    case FACT_PURGED: on_purged(&k); break;
    case FACT_IDLE: on_idle(c, f); break;
    case FACT_CRASHED:
        sim_check_crashed(c);
        sim_check_restarted(c, f->at_ms);
        sim_check_keys_restarted(c, f->at_ms);
        break;
    case FACT_SEEN: sim_check_seen(&k); break;
    case FACT_MISSING: sim_check_missing(&k); break;
    case FACT_PULSE: on_pulse(c, f); break;
    case FACT_NOTE: break;
    case FACT_OVER: on_over(c, f); break;
    case FACT_KINDS: abort();
    }
}
