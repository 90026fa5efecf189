/* SPDX-License-Identifier: Apache-2.0
 *
 * Submitting, controlling, looking.
 */
#include "test/sim/sim_client.h"

#include "base/mem.h"
#include "task/cache.h"

#include <stdio.h>
#include <stdlib.h>

void sim_client_open(struct sim_client *c, struct server *server, struct sim_history *history, const char *type)
{
    *c = (struct sim_client){.server = server, .history = history, .type = type};
    map_init(&c->by_id);
}

void sim_client_leave(struct sim_client *c)
{
    for (size_t i = 0; i < c->n; i++) waiters_leave(&c->server->waiters, &c->tasks[i]->waiter);
}

void sim_client_close(struct sim_client *c)
{
    store_release(&c->get.req);
    map_release(&c->by_id);
    for (size_t i = 0; i < c->n; i++) free(c->tasks[i]);
    free(c->tasks);
    for (struct sim_control *m; (m = c->controls);) {
        c->controls = m->next;
        free(m->patch);
        free(m);
    }
}

struct sim_task *sim_task_of(const struct sim_client *c, const struct id *id) { return map_get(&c->by_id, id_key(id)); }

/* ---- submit ---- */

static void note(const struct sim_task *t, struct fact f)
{
    f.task = t->number;
    sim_history_add(t->client->history, f);
}

static void on_ended(struct waiter *w)
{
    struct sim_task *t = CONTAINER_OF(w, struct sim_task, waiter);
    t->told++;
    note(t, (struct fact){.kind = FACT_TOLD});
}

static void join(struct sim_task *t)
{
    t->waiter.id = t->body.id;
    t->waiter.on_ended = on_ended;
    waiters_join(&t->client->server->waiters, &t->waiter);
}

static void on_added(struct store_req *req)
{
    struct sim_task *t = req->user;
    t->answered = true;
    t->accepted = !req->err && !t->item.err && !t->item.existing;
    if (t->accepted) server_added(t->client->server, &t->item);
    if (!t->accepted) waiters_leave(&t->client->server->waiters, &t->waiter);
    if (!t->accepted) note(t, (struct fact){.kind = FACT_REFUSED, .trouble = req->err != 0});
    if (!req->err) metrics_submitted(&t->client->server->metrics, t->body.queue, t->body.type, t->item.err != 0);
    store_release(req);
}

static void fill(struct sim_task *t, const struct sim_ask *ask, int64_t now_ms)
{
    snprintf(t->text, sizeof t->text, "{\"do\":\"%s\",\"ms\":%lld%s}", ask->plan ? ask->plan : "done", (long long)ask->ms,
             ask->more ? ask->more : "");
    t->body.type = str_of(t->type);
    t->body.queue = str_of(t->queue);
    t->body.input = str_of(t->text);
    snprintf(t->key, sizeof t->key, "key %d", ask->key);
    if (ask->key) t->body.limit_key = str_of(t->key);
    snprintf(t->once, sizeof t->once, "once %d", ask->once);
    if (ask->once) t->body.key = str_of(t->once);
    t->body.on_conflict = ask->on_conflict;
    t->body.cache = (struct task_cache){.ttl_ms = ask->cache ? 3600000 : 0, .bypass = ask->bypass};
    if (ask->cache) cache_print(&t->body, STR("1"), t->body.cache.print);
    t->body.created_at_ms = now_ms;
    t->body.run_at_ms = ask->delay_ms ? now_ms + ask->delay_ms : 0;
    t->body.timeout_ms = ask->timeout_ms ? ask->timeout_ms : 3600000;
    t->body.grace_ms = ask->grace_ms ? ask->grace_ms : 10000;
    t->body.rules = (struct life_rules){.priority = ask->priority,
                                        .max_attempts = ask->max_attempts ? ask->max_attempts : 3,
                                        .start_by_ms = ask->start_in_ms ? now_ms + ask->start_in_ms : 0,
                                        .retry = {.backoff = RETRY_FIXED, .jitter = RETRY_JITTER_NONE,
                                                  .base_ms = ask->retry_ms ? ask->retry_ms : 1000, .cap_ms = 600000}};
}

/* A number of that input, by no rule of the server's. */
static int64_t number_of(struct str text)
{
    uint64_t n = 1;
    for (size_t i = 0; i < text.len; i++) n = n * 1000003 + (uint8_t)text.p[i];
    return (int64_t)(n >> 2) + 1;
}

struct sim_task *sim_submit(struct sim_client *c, const struct sim_ask *ask)
{
    const struct config *conf = c->server->conf.config;
    struct sim_task *t = mem_new(sizeof *t);
    t->client = c;
    const char *type = ask->type ? ask->type : c->type;
    const struct config_type *known = config_type_find(conf, str_of(type));
    str_copy(t->type, sizeof t->type, str_of(type));
    str_copy(t->queue, sizeof t->queue, str_of(ask->queue ? ask->queue : known ? known->queue : "default"));
    t->body.id = id_make(&c->server->ids);
    t->chain = ask->steps != 0;
    if (known && known->n_steps) t->body.step = str_of(known->steps[0].name);
    t->body.retain_ms = RETAIN_AS_TYPE;
    t->body.cost = ask->cost > 0 ? ask->cost : 1;
    if (ask->batch_key) t->body.batch_key = str_of(ask->batch_key);
    fill(t, ask, turn_wall_ms(c->server->turn));
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 64;
        c->tasks = mem_grow(c->tasks, c->cap * sizeof *c->tasks);
    }
    c->tasks[c->n++] = t;
    t->number = (int64_t)c->n;
    (void)map_put(&c->by_id, id_key(&t->body.id), t);
    const struct queue *q = queue_find(&c->server->queues, t->body.queue);
    t->item = (struct store_add_item){.body = &t->body, .capacity = q ? q->capacity : 0};
    t->add = (struct store_add){.items = &t->item, .n = 1};
    join(t); /* before, as the API does: no ending can be missed */
    note(t, (struct fact){.kind = FACT_SUBMITTED,
                          .id = t->body.id,
                          .queue = t->queue,
                          .type = t->type,
                          .batch_key = ask->batch_key,
                          .timeout_ms = t->body.timeout_ms,
                          .grace_ms = t->body.grace_ms,
                          .priority = t->body.rules.priority,
                          .tries = t->body.rules.max_attempts,
                          .start_by_ms = t->body.rules.start_by_ms,
                          .key = ask->key,
                          .once = ask->once,
                          .steps = ask->steps,
                          .cache = ask->cache ? number_of(t->body.input) : 0,
                          .bypass = ask->bypass});
    store_add(c->server->store, &t->add, on_added, t);
    return t;
}

/* ---- control ---- */

static void on_controlled(struct server_control *control)
{
    struct sim_control *m = CONTAINER_OF(control, struct sim_control, control);
    struct sim_task *t = m->task;
    m->answered = true;
    const struct store_control_item *it = &control->one;
    bool good = !control->store.req.err && !it->err;
    note(t, (struct fact){.kind = FACT_ANSWERED, .verb = m->verb, .trouble = control->store.req.err != 0});
    if (good && it->changed && m->verb == STORE_RETRY && !t->waiter.waiting) join(t);
    store_release(&control->store.req);
}

static struct sim_control *control(struct sim_client *c, struct sim_task *t, struct store_control_item what)
{
    struct sim_control *m = mem_new(sizeof *m);
    *m = (struct sim_control){.client = c, .task = t, .verb = what.verb, .next = c->controls};
    c->controls = m;
    const struct queue *q = queue_find(&c->server->queues, t->body.queue);
    m->control.one = what;
    m->control.one.id = t->body.id;
    m->control.one.capacity = q ? q->capacity : 0;
    note(t, (struct fact){.kind = FACT_ASKED, .verb = what.verb});
    server_control(c->server, &m->control, on_controlled);
    return m;
}

#define CONTROL(...) control(c, t, (struct store_control_item){__VA_ARGS__})

struct sim_control *sim_cancel(struct sim_client *c, struct sim_task *t) { return CONTROL(.verb = STORE_CANCEL); }
struct sim_control *sim_retry(struct sim_client *c, struct sim_task *t) { return CONTROL(.verb = STORE_RETRY); }
struct sim_control *sim_delete(struct sim_client *c, struct sim_task *t) { return CONTROL(.verb = STORE_DELETE); }
struct sim_control *sim_complete(struct sim_client *c, struct sim_task *t)
{
    return CONTROL(.verb = STORE_COMPLETE, .result = STR("\"elsewhere\""));
}
struct sim_control *sim_fail(struct sim_client *c, struct sim_task *t)
{
    return CONTROL(.verb = STORE_FAIL, .failure = {.code = STR("elsewhere"), .message = STR("it did not work there")});
}

struct sim_control *sim_patch(struct sim_client *c, struct sim_task *t, int32_t priority, int64_t delay_ms)
{
    struct store_patch *p = mem_new(sizeof *p); /* freed with its control */
    *p = (struct store_patch){.has_priority = true, .priority = priority};
    if (delay_ms) p->run_at_ms = turn_wall_ms(c->server->turn) + delay_ms;
    struct sim_control *m = CONTROL(.verb = STORE_PATCH, .patch = p);
    m->patch = p;
    return m;
}

/* ---- verdicts from nowhere ---- */

struct ghost {
    struct store_settle settle;
    struct store_settle_item item;
};

static void on_ghost(struct store_req *req)
{
    store_release(req);
    free(CONTAINER_OF(req, struct ghost, settle.req));
}

/* One that does a step says which comes next. */
void sim_ghost(struct sim_client *c, struct sim_task *t, uint64_t fence, enum life_event verdict)
{
    struct ghost *g = mem_new(sizeof *g);
    int64_t now_ms = turn_wall_ms(c->server->turn);
    *g = (struct ghost){.item = {.attempt = {.id = t->body.id, .fence = fence, .run = 1, .number = 1, .verdict = verdict,
                                             .started_at_ms = now_ms, .finished_at_ms = now_ms},
                                 .rules = &t->body.rules,
                                 .next_step = t->body.step.p && verdict == LIFE_DONE ? t->body.step : STR_NONE,
                                 .result = verdict == LIFE_DONE ? STR("\"a ghost\"") : STR_NONE}};
    g->settle = (struct store_settle){.items = &g->item, .n = 1};
    store_settle(c->server->store, &g->settle, on_ghost, g);
}

/* ---- another server ---- */

void sim_client_move(struct sim_client *c)
{
    for (size_t i = 0; i < c->n; i++) {
        c->tasks[i]->waiter = (struct waiter){0};
        c->tasks[i]->answered = true;
    }
    c->controls = NULL; /* still linked in what is left of the old server: never freed */
    c->get = (struct store_get){0};
}

void sim_client_wait(struct sim_task *t)
{
    if (!t->waiter.waiting) join(t);
}

/* ---- look ---- */

static void on_looked(struct store_req *req) { ((struct sim_client *)req->user)->looked = true; }

const struct task *sim_look(struct sim_client *c, struct store *engine, const struct sim_task *t)
{
    store_release(&c->get.req);
    c->looked = false;
    c->get = (struct store_get){.id = t->body.id, .input_max = LIMIT_INLINE, .result_max = LIMIT_INLINE};
    store_get(engine, &c->get, on_looked, c);
    while (!c->looked) turn_run(c->server->turn);
    return c->get.found == 0 ? &c->get.task : NULL;
}

struct str sim_log(struct sim_client *c, struct store *engine, const struct sim_task *t, int run, int number, struct arena *a)
{
    struct store_log log = {.id = t->body.id, .run = run, .number = number};
    c->looked = false;
    store_log(engine, &log, on_looked, c);
    while (!c->looked) turn_run(c->server->turn);
    struct str text = arena_str(a, log.log);
    store_release(&log.req);
    return text;
}
