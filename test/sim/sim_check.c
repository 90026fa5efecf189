/* SPDX-License-Identifier: Apache-2.0
 *
 * The watcher. It keeps of each task the life the store last said it has, and holds every answer against it.
 */
#include "test/sim/sim_check.h"

#include <stdarg.h>
#include <stdio.h>

void sim_check_open(struct sim_check *c, struct sim_client *client, const struct sim_processes *processes,
                    const struct config *config)
{
    *c = (struct sim_check){.client = client, .processes = processes, .config = config};
}

void sim_check_close(struct sim_check *c) { *c = (struct sim_check){0}; }

void sim_check_broken(struct sim_check *c, const char *format, ...)
{
    if (c->broken[0]) return;
    va_list args;
    va_start(args, format);
    vsnprintf(c->broken, sizeof c->broken, format, args);
    va_end(args);
}

static void broken(struct sim_check *c, const struct sim_task *t, const char *what)
{
    char id[ID_TEXT];
    id_format(&t->body.id, id);
    sim_check_broken(c, "task %s (%s), run %d, attempt %d: %s", id, t->text, t->life.run, t->life.attempt, what);
}

static void ended(struct sim_check *c, struct sim_task *t)
{
    c->endings[t->life.state]++;
    t->runs_ended++;
    if (++t->endings > 1) broken(c, t, "a second ending of one run");
}

/* ---- the store's answers ---- */

static void added(struct sim_check *c, const struct store_add *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct sim_task *t = sim_task_of(c->client, &r->items[i].body->id);
        if (t && !r->items[i].err && !r->items[i].existed) t->life = r->items[i].life;
    }
}

static bool comes_before(const struct sim_task *a, const struct sim_task *b)
{
    return a->life.rank < b->life.rank || (a->life.rank == b->life.rank && id_cmp(&a->body.id, &b->body.id) < 0);
}

/* That nothing which was ready comes before t, of those which are not claimed with it. */
static void in_order(struct sim_check *c, const struct sim_task *t)
{
    for (size_t i = 0; i < c->client->n; i++) {
        const struct sim_task *other = c->client->tasks[i];
        if (other == t || other->life.state != TASK_PENDING) continue;
        if (!str_eq(other->body.queue, t->body.queue) || !str_eq(other->body.type, t->body.type)) continue;
        if (comes_before(other, t)) broken(c, t, "was claimed before one of its lane that comes first");
    }
}

static void new_fence(struct sim_check *c, struct sim_task *t, uint64_t fence)
{
    int most = (int)(sizeof t->fences / sizeof *t->fences);
    for (int i = 0; i < most; i++)
        if (t->fences[i] == fence) broken(c, t, "a fence was used twice");
    t->fences[t->n_fences++ % most] = fence;
}

static void expired(struct sim_check *c, const struct store_tick_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sim_task *t = sim_task_of(c->client, &items[i].id);
        if (!t) continue;
        t->life = items[i].life;
        ended(c, t);
    }
}

static void claimed(struct sim_check *c, const struct store_claim *r)
{
    c->claims++;
    c->late += (int64_t)r->n_ended;
    expired(c, r->ended, r->n_ended);
    for (size_t i = 0; i < r->n; i++) {
        struct sim_task *t = sim_task_of(c->client, &r->items[i].body.id);
        if (!t) continue;
        if (t->life.state == TASK_RUNNING) broken(c, t, "was claimed while it has an attempt");
        if (t->endings) broken(c, t, "was claimed after its ending");
        if (r->items[i].life.attempt != t->life.attempt + 1) broken(c, t, "an attempt number was left out or used twice");
        new_fence(c, t, r->items[i].life.fence);
        t->life.rank = r->items[i].life.rank;
        in_order(c, t);
        t->life = r->items[i].life;
    }
}

static void given_back(struct sim_check *c, struct sim_task *t, const struct life *now)
{
    c->released++;
    if (now->failures != t->life.failures || now->deaths != t->life.deaths) broken(c, t, "an attempt given back has cost something");
    if (!now->cancel_requested && (now->state != TASK_PENDING || now->rank != t->life.rank))
        broken(c, t, "was given back and is not in its old place");
}

static void settled(struct sim_check *c, const struct store_settle *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_settle_item *it = &r->items[i];
        struct sim_task *t = sim_task_of(c->client, &it->attempt.id);
        if (it->err) c->stale++;
        if (!t || it->err) continue;
        c->verdicts++;
        if (t->life.state != TASK_RUNNING || t->life.fence != it->attempt.fence)
            broken(c, t, "a verdict was taken that is not of the current attempt");
        if (it->attempt.verdict == LIFE_RELEASED) given_back(c, t, &it->life);
        t->life = it->life;
        if (it->outcome.ended) ended(c, t);
    }
}

static void controlled(struct sim_check *c, const struct store_control *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct store_control_item *it = &r->items[i];
        struct sim_task *t = sim_task_of(c->client, &it->id);
        if (!t || it->err || !it->changed) continue;
        t->life = it->life;
        if (it->verb == STORE_RETRY) t->endings = 0;
        if (it->ended) ended(c, t);
    }
}

void sim_check_answer(void *check, const struct store_req *r)
{
    struct sim_check *c = check;
    if (r->err) return;
    switch (r->op) {
    case STORE_ADD: added(c, (const struct store_add *)r); break;
    case STORE_CLAIM: claimed(c, (const struct store_claim *)r); break;
    case STORE_SETTLE: settled(c, (const struct store_settle *)r); break;
    case STORE_CONTROL: controlled(c, (const struct store_control *)r); break;
    case STORE_TICK: expired(c, ((const struct store_tick *)r)->ended, ((const struct store_tick *)r)->n_ended); break;
    case STORE_QUEUE:
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_HISTORY:
    case STORE_KEPT:
    case STORE_PURGE:
    case STORE_COUNTS:
    case STORE_OPS: break;
    }
}

/* ---- the processes ---- */

static int concurrency(const struct sim_check *c, struct str queue)
{
    const struct config_queue *q = NULL;
    for (size_t i = 0; i < c->config->n_queues; i++)
        if (str_eq(str_of(c->config->queues[i].name), queue)) q = &c->config->queues[i];
    return q ? q->concurrency : 0;
}

void sim_check_begin(void *check, const struct sim_process *p)
{
    struct sim_check *c = check;
    struct sim_task *t = sim_task_of(c->client, &p->id);
    if (!t) return;
    int same = 0, of_queue = 0, all = 0;
    LIST_EACH(l, &c->processes->alive)
    {
        const struct sim_process *other = CONTAINER_OF(l, struct sim_process, link);
        if (!other->busy) continue;
        all++;
        same += id_cmp(&other->id, &p->id) == 0;
        const struct sim_task *its = sim_task_of(c->client, &other->id);
        of_queue += its && str_eq(its->body.queue, t->body.queue);
    }
    if (all > c->most_running) c->most_running = all;
    if (same > 1) broken(c, t, "two live attempts");
    if (of_queue > concurrency(c, t->body.queue)) broken(c, t, "more of its queue at work than its concurrency");
    if (!p->exec && p->fence != t->life.fence && t->life.state == TASK_RUNNING)
        broken(c, t, "an attempt with a fence that is not the current one");
}

void sim_check_pulse(struct sim_check *c)
{
    LIST_EACH(l, &c->processes->alive)
    {
        const struct sim_process *p = CONTAINER_OF(l, struct sim_process, link);
        const struct sim_task *t = sim_task_of(c->client, &p->id);
        if (!p->busy || !t) continue;
        int64_t now_ms = turn_mono_ms(c->processes->turn), grace_ms = t->body.grace_ms + 1000;
        if (now_ms > p->began_ms + t->body.timeout_ms + grace_ms) broken(c, t, "runs on after its timeout and grace");
        if (t->cancelled_ms && now_ms > t->cancelled_ms + grace_ms) broken(c, t, "runs on after its cancel and grace");
    }
}

/* ---- the end ---- */

void sim_check_end(struct sim_check *c, struct store *engine)
{
    for (size_t i = 0; i < c->client->n; i++) {
        struct sim_task *t = c->client->tasks[i];
        if (!t->answered) broken(c, t, "its submit was not answered");
        const struct task *seen = sim_look(c->client, engine, t);
        if (!t->accepted) {
            if (seen) broken(c, t, "is there though it was refused");
            continue;
        }
        if (!seen) broken(c, t, "was accepted and is not there");
        else if (!state_is_ending(seen->life.state)) broken(c, t, "has not ended");
        else if (t->told != seen->life.run) broken(c, t, "its waiters were not told once per run");
        else if (t->endings != 1 || t->runs_ended != seen->life.run) broken(c, t, "not one ending per run");
        else if (seen->life.state != TASK_COMPLETED && seen->ending.failure.code.len == 0) broken(c, t, "ended without a code");
    }
}
