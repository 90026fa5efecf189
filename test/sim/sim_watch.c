/* SPDX-License-Identifier: Apache-2.0
 *
 * One function per kind of answer.
 */
#include "test/sim/sim_watch.h"

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
    return f;
}

static void added(struct sim_watch *w, const struct store_add *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &r->items[i].body->id);
        if (t && !r->items[i].err && !r->items[i].existed)
            sim_history_add(w->history, with_life(FACT_ACCEPTED, t, &r->items[i].life));
    }
}

/* now_ms: as the request was told; it may have been on its way for a while. */
static void expired(struct sim_watch *w, const struct store_tick_item *items, size_t n, int64_t now_ms)
{
    for (size_t i = 0; i < n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &items[i].id);
        if (!t) continue;
        struct fact f = with_life(FACT_ENDED, t, &items[i].life);
        f.wall_ms = now_ms;
        sim_history_add(w->history, f);
    }
}

static void claimed(struct sim_watch *w, const struct store_claim *r)
{
    expired(w, r->ended, r->n_ended, r->req.now_ms);
    for (size_t i = 0; i < r->n; i++) {
        const struct sim_task *t = sim_task_of(w->client, &r->items[i].body.id);
        if (!t) continue;
        struct fact f = with_life(FACT_CLAIMED, t, &r->items[i].life);
        f.fence = (int64_t)r->items[i].life.fence;
        f.wall_ms = r->req.now_ms;
        sim_history_add(w->history, f);
    }
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
        sim_history_add(w->history, f);
    }
}

static void controlled(struct sim_watch *w, const struct store_control *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_control_item *it = &r->items[i];
        const struct sim_task *t = sim_task_of(w->client, &it->id);
        if (!t || it->err || !it->changed) continue;
        struct fact f = with_life(FACT_CHANGED, t, &it->life);
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
    case STORE_TICK: expired(w, ((const struct store_tick *)r)->ended, ((const struct store_tick *)r)->n_ended, r->now_ms); break;
    case STORE_PURGE: purged(w, (const struct store_purge *)r); break;
    case STORE_QUEUE:
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_HISTORY:
    case STORE_KEPT:
    case STORE_COUNTS:
    case STORE_OPS: break;
    }
}

/* ---- processes ---- */

static void of_process(struct sim_watch *w, enum fact_kind kind, const struct sim_process *p)
{
    const struct sim_task *t = sim_task_of(w->client, &p->id);
    if (!t) return;
    struct fact f = fact(kind, t);
    f.process = p->number_of_all;
    f.attempt = p->number;
    f.fence = p->exec ? 0 : (int64_t)p->fence;
    sim_history_add(w->history, f);
}

void sim_watch_begin(void *watch, const struct sim_process *p) { of_process(watch, FACT_BEGAN, p); }
void sim_watch_left(void *watch, const struct sim_process *p) { of_process(watch, FACT_LEFT, p); }

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
        struct fact f = with_life(FACT_SEEN, t, &seen->life);
        f.code = seen->ending.failure.code.len > 0;
        f.told = tell;
        sim_history_add(w->history, f);
    }
}
