/* SPDX-License-Identifier: Apache-2.0
 *
 * One function per kind of answer.
 */
#include "test/sim/sim_watch.h"

#include "task/pieces.h"

#include <stdio.h>
#include <stdlib.h>

static struct fact fact(enum fact_kind kind, const struct sim_task *t)
{
    return (struct fact){.kind = kind, .task = t->number};
}

static struct fact with_life(enum fact_kind kind, const struct sim_task *t, const struct life *l)
{
    struct fact f = fact(kind, t);
    f.state = l->state;
    f.run = l->run;
    f.attempt = l->attempt;
    f.failures = l->failures;
    f.deaths = l->deaths;
    f.rank = l->rank;
    f.due_ms = l->due_at_ms;
    f.leased = l->leased;
    f.alone = l->alone;
    return f;
}

/* One that is blocked waits for its time afterwards. */
static struct fact with_time(struct fact f, int64_t run_at_ms)
{
    if (f.state == TASK_BLOCKED) f.due_ms = run_at_ms;
    return f;
}

static void added(struct sim_watch *w, const struct store_add *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_add_item *it = &r->items[i];
        const struct sim_task *t = sim_task_of(w->client, &it->body->id);
        const struct sim_task *holder = it->replaced ? sim_task_of(w->client, &it->holder) : NULL;
        if (holder) sim_history_add(w->history, with_life(FACT_REPLACED, holder, &it->holder_life));
        if (!t || it->err || it->existed || it->existing) continue;
        struct fact f = with_time(with_life(FACT_ACCEPTED, t, &it->life), it->body->run_at_ms);
        const struct sim_task *from = it->cached ? sim_task_of(w->client, &it->cached_from) : NULL;
        const struct sim_task *leader = it->follows ? sim_task_of(w->client, &it->leader) : NULL;
        if (from) f.from = from->number;
        if (leader) f.follows = leader->number;
        sim_history_add(w->history, f);
    }
}

/* Expired, or let go from one that they followed. now_ms: as the request was told; it may have been on its way for a while. */
static void tell(struct sim_watch *w, enum fact_kind kind, const struct store_tick_item *items, size_t n, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &items[i].id);
        if (!t) continue;
        struct fact f = with_life(kind, t, &items[i].life);
        const struct sim_task *from = items[i].cached ? sim_task_of(w->client, &items[i].cached_from) : NULL;
        if (from) f.from = from->number;
        f.wall_ms = now_ms;
        sim_history_add(w->history, f);
    }
}

static void ticked(struct sim_watch *w, const struct store_tick *r)
{
    tell(w, FACT_ENDED, r->ended, r->n_ended, r->req.now_ms);
    tell(w, FACT_LEADS, r->leads, r->n_leads, r->req.now_ms);
}

static int64_t number_of(struct str data)
{
    char digits[32];
    str_copy(digits, sizeof digits, data);
    return strtoll(digits, NULL, 10);
}

/* Steps of chains are called a, b, c. Without one it was submitted while its type was not there, and begins at the first. */
static int64_t step_of(const struct sim_task *t, struct str name)
{
    return name.len ? 1 + name.p[0] - 'a' : t->chain ? 1 : 0;
}

static void claimed(struct sim_watch *w, const struct store_claim *r)
{
    tell(w, FACT_ENDED, r->ended, r->n_ended, r->req.now_ms);
    for (size_t i = 0; i < r->n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &r->items[i].body.id);
        if (!t) continue;
        struct fact f = with_life(FACT_CLAIMED, t, &r->items[i].life);
        f.fence = (int64_t)r->items[i].life.fence;
        f.save = number_of(r->items[i].resume);
        f.step = step_of(t, r->items[i].body.step);
        f.wall_ms = r->req.now_ms;
        f.since_ms = r->req.since_ms;
        sim_history_add(w->history, f);
    }
}

/* Pullers of the simulation stream nothing. A type may have gone with a reload. */
static bool may_be_pulled(const struct sim_watch *w, const struct sim_task *t)
{
    const struct config *c = w->client->server->conf.config;
    const struct config_type *type = config_type_find(c, str_of(t->type));
    bool pulled = !type || type->pull.said;
    for (size_t i = 0; type && i < type->n_steps; i++) pulled |= config_type_find(c, str_of(type->steps[i].type))->pull.said;
    return pulled;
}

/* With each progress a piece was streamed: the attempt and how many were still to come. All of them are there, in their order,
 * and of no other attempt; of one that came to its end (and not only because it was asked to stop), to the last. */
static void check_output(struct sim_watch *w, const struct sim_task *t, const struct task_attempt *a)
{
    static const char plan[] = "\"progress\":";
    const char *parts = strstr(t->text, plan);
    struct arena arena = {0};
    char wanted[256] = "";
    int64_t n, of = parts ? strtoll(parts + strlen(plan), NULL, 10) : 0;
    struct str seen = pieces_text(a->output, 0, &arena, &n);
    size_t len = 0;
    for (int64_t left = of; left > of - n && len < sizeof wanted - 32; left--)
        len += (size_t)snprintf(wanted + len, sizeof wanted - len, "%d.%lld ", a->number, (long long)left);
    bool said_it = a->verdict == LIFE_DONE || str_eq(a->failure.code, STR("quota")); /* its own word, as its plan has it */
    bool whole = !said_it || n == of || strstr(t->text, "late") || may_be_pulled(w, t);
    if (!str_eq(seen, str_of(wanted)) || !whole)
        sim_check_broken(w->history->check, t->number, "of %lld pieces that attempt %d streams, \"%.*s\" are kept", (long long)of,
                         a->number, STR_ARG(seen));
    arena_release(&arena);
}

static void settled(struct sim_watch *w, const struct store_settle *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_settle_item *it = &r->items[i];
        const struct sim_task *t = sim_task_of(w->client, &it->attempt.id);
        if (!t || (it->err && it->err != ERR_STALE)) continue;
        struct fact f = it->err ? fact(FACT_STALE, t) : with_life(FACT_SETTLED, t, &it->life);
        f.fence = (int64_t)it->attempt.fence;
        f.verdict = it->attempt.verdict;
        f.shared = it->shared;
        bool goes_on = !it->err && !it->outcome.ended, steps = goes_on && it->attempt.verdict == LIFE_DONE;
        if (steps && it->next_step.p) f.step = step_of(t, it->next_step);
        else if (goes_on) f.save = number_of(it->save.data);
        sim_history_add(w->history, f);
        if (!it->err) check_output(w, t, &it->attempt);
    }
}

static void saved(struct sim_watch *w, const struct store_save *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_save_item *it = &r->items[i];
        const struct sim_task *t = sim_task_of(w->client, &it->id);
        if (!t || it->err) continue;
        struct fact f = fact(FACT_KEPT, t);
        f.fence = (int64_t)it->fence;
        f.save = number_of(it->save.data);
        sim_history_add(w->history, f);
    }
}

static void controlled(struct sim_watch *w, const struct store_control *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_control_item *it = &r->items[i];
        struct sim_task *t = sim_task_of(w->client, &it->id);
        if (!t || it->err || !it->changed) continue;
        if (it->verb == STORE_PATCH && it->patch->run_at_ms) t->body.run_at_ms = it->patch->run_at_ms;
        struct fact f = with_time(with_life(FACT_CHANGED, t, &it->life), t->body.run_at_ms);
        f.verb = it->verb;
        if (it->verb == STORE_PATCH) f.priority = it->patch->priority;
        sim_history_add(w->history, f);
    }
}

static void purged(struct sim_watch *w, const struct store_purge *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &r->items[i].id);
        if (t && r->items[i].purged && r->items[i].parts & RETAIN_RECORD)
            sim_history_add(w->history, fact(FACT_PURGED, t));
    }
}

void sim_watch_answer(void *watch, const struct store_req *r)
{
    struct sim_watch *w = watch;
    if (r->err) return;
    switch (r->op) {
    case STORE_ADD: added(w, (const struct store_add *)r); break;
    case STORE_CLAIM: claimed(w, (const struct store_claim *)r); break;
    case STORE_SETTLE: settled(w, (const struct store_settle *)r); break;
    case STORE_CONTROL: controlled(w, (const struct store_control *)r); break;
    case STORE_TICK: ticked(w, (const struct store_tick *)r); break;
    case STORE_PURGE: purged(w, (const struct store_purge *)r); break;
    case STORE_SAVE: saved(w, (const struct store_save *)r); break;
    case STORE_FILE_ADD:
    case STORE_FILE_DROP:
    case STORE_FILE_SWEEP:
    case STORE_FILE_GET:
    case STORE_FILE_LIST:
    case STORE_NOTICE_READ:
    case STORE_NOTICE_DROP:
    case STORE_NOTICE_SWEEP:
    case STORE_NOTICE_GET:
    case STORE_NOTICE_LIST:
    case STORE_QUEUE:
    case STORE_DECLARE:
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_HISTORY:
    case STORE_KEPT:
    case STORE_OWED:
    case STORE_WHERE:
    case STORE_COUNTS:
    case STORE_OPS: break;
    }
}

/* ---- processes ---- */

static void of_process(struct sim_watch *w, enum fact_kind kind, const struct sim_work *work)
{
    const struct sim_task *t = sim_task_of(w->client, &work->id);
    if (!t) return;
    struct fact f = fact(kind, t);
    f.process = work->process->number_of_all;
    f.batch = work->batch;
    f.attempt = work->number;
    f.fence = work->process->exec ? 0 : (int64_t)work->fence;
    f.save = kind == FACT_SAID ? work->process->all->saved : kind == FACT_BEGAN ? work->resume : 0;
    sim_history_add(w->history, f);
}

void sim_watch_begin(void *watch, const struct sim_work *work) { of_process(watch, FACT_BEGAN, work); }
void sim_watch_save(void *watch, const struct sim_work *work) { of_process(watch, FACT_SAID, work); }
void sim_watch_left(void *watch, const struct sim_work *work) { of_process(watch, FACT_LEFT, work); }

/* ---- what is there ---- */

void sim_watch_census(struct sim_watch *w, struct store *engine, bool tell)
{
    for (size_t i = 0; i < w->client->n; i++) {
        struct sim_task *t = w->client->tasks[i];
        const struct task *seen = sim_look(w->client, engine, t);
        if (!seen) {
            sim_history_add(w->history, fact(FACT_MISSING, t));
            continue;
        }
        struct fact f = with_time(with_life(FACT_SEEN, t, &seen->life), seen->body.run_at_ms);
        f.code = seen->ending.failure.code.len > 0;
        f.step = step_of(t, seen->body.step);
        f.follows = seen->follows ? t->number : 0; /* whom, has nothing to be held against */
        if (f.leased) f.fence = (int64_t)seen->life.fence, f.stops = seen->life.cancel_requested;
        f.told = tell;
        sim_history_add(w->history, f);
    }
}
