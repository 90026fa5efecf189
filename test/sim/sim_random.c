/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens next, by chance; the world it happens to is sim_random_world.h.
 */
#include "test/sim/sim_random.h"

#include "server/pick.h"
#include "server/waiting_on.h"
#include "test/sim/sim_cells.h"
#include "test/sim/sim_idle.h"
#include "test/sim/sim_random_world.h"
#include "test/sim/sim_resources.h"

#include <stdio.h>
#include <stdlib.h>

#define CLAIMS_MOST 5000 /* of the few hundred tasks of a life */
#define STEPS 400
#define REST_MS 120000 /* after the last trouble, until nothing has an excuse any more */
#define LEAKS_EVERY 16 /* of so many lives one is looked at for leaks */

static struct sim *sim;
static struct sim_result *result;
static bool calm; /* a life without trouble in store and system */
static int64_t quiet_since_ms;

static void broken(const char *what) { sim_check_broken(&sim->check, 0, "%s", what); }

/* ---- what clients do ---- */

static void submit(void)
{
    struct sim_ask ask = world_ask(sim);
    sim_submit(&sim->client, &ask);
}

/* So many short ones that some of them are claimed ahead. */
static void submit_a_burst(void)
{
    const char *type = world_ask(sim).type;
    for (int64_t n = 10 + below(sim, 20); n > 0; n--) {
        struct sim_ask ask = world_ask(sim);
        world_make_it(&ask, type);
        ask.ms = below(sim, 5);
        if (!one_in(sim, 5)) ask.plan = "done", ask.delay_ms = 0;
        sim_submit(&sim->client, &ask);
    }
}

static struct sim_task *any_task(void)
{
    if (sim->client.n == 0) return NULL;
    int64_t blocked = !one_in(sim, 4) ? sim_check_newest_blocked(&sim->check) : 0; /* there are few, and not for long */
    if (blocked && sim->client.tasks[blocked - 1]->accepted) return sim->client.tasks[blocked - 1];
    int64_t n = (int64_t)sim->client.n, last = n < 8 ? n : 8;
    struct sim_task *t = sim->client.tasks[one_in(sim, 2) ? below(sim, n) : n - 1 - below(sim, last)];
    return t->accepted ? t : NULL; /* a refused one must stay unknown */
}

static void haunt(struct sim_task *t)
{
    const struct check_task *known = sim_check_task(&sim->check, t->number);
    int last = known->n_fences - 1 - (known->state == TASK_RUNNING);
    uint64_t fence = last >= 0 && one_in(sim, 2) ? (uint64_t)known->fences[last % 16] : rng_next(&sim->test_rng.rng);
    bool steps = t->chain && !one_in(sim, 3); /* that a step is done is said of few tasks */
    sim_ghost(&sim->client, t, fence, steps ? LIFE_DONE : (enum life_event)below(sim, LIFE_CLAIM));
}

static void act_on(struct sim_task *t)
{
    struct sim_client *c = &sim->client;
    bool blocked = sim_check_task(&sim->check, t->number)->state == TASK_BLOCKED;
    int64_t what = blocked && !one_in(sim, 4) ? 18 + below(sim, 40) : below(sim, 30); /* mostly verdicts from nowhere */
    if (what < 9) sim_cancel(c, t);
    else if (what < 16) sim_retry(c, t);
    else if (what < 20) sim_patch(c, t, (int32_t)below(sim, 201) - 100, one_in(sim, 3) ? 1 + some_ms(sim, HOUR) : 0);
    else if (what < 22) sim_delete(c, t);
    else if (what < 24) sim_complete(c, t);
    else if (what < 26) sim_fail(c, t);
    else haunt(t);
}

/* ---- what the world does ---- */

static void trouble(const char *what)
{
    sim_history_note(&sim->history, what);
    quiet_since_ms = sim->mono_ms;
}

static void trouble_the_store(void)
{
    static const enum store_op ops[] = {STORE_ADD, STORE_CLAIM, STORE_SETTLE, STORE_SAVE, STORE_CONTROL, STORE_TICK, STORE_PURGE};
    struct sim_rule *rule = &sim->store.rules[ops[below(sim, N(ops))]];
    trouble("the store is troubled");
    switch (below(sim, 4)) {
    case 0: rule->fail_percent = (unsigned)below(sim, 60); break;
    case 1: rule->fail_next = (int)below(sim, 5); break;
    case 2: rule->in_jitter_ms = below(sim, 100); break;
    case 3: sim->store.away = one_in(sim, 2); break;
    }
    if (one_in(sim, 4)) *rule = (struct sim_rule){0};
}

static void trouble_the_system(void)
{
    trouble("the system is troubled");
    switch (below(sim, 7)) {
    case 0: sim->processes.fail_loads = (int)below(sim, 8); break;
    case 1: sim->processes.fail_starts = (int)below(sim, 4); break;
    case 2: sim->processes.fail_sends = (int)below(sim, 3), sim->processes.gone_sends = (int)below(sim, 3); break;
    case 3: sim_process_kill_all(&sim->processes); break;
    case 4: sim->processes.mute = one_in(sim, 3); break;
    case 5: sim->processes.obey_ms = below(sim, 3000); break;
    case 6: sim_puller_kill(&sim->pullers, (int)below(sim, SIM_PULLERS)); break;
    }
}

static void trouble_the_disk(void)
{
    if (!sim->disk.dir) return;
    trouble("the disk is troubled");
    if (one_in(sim, 2)) sim_fail_syncs(sim, 1 + (int)below(sim, 3));
    else sim_cut_soon(sim, (int)below(sim, 20));
}

static void pause_or_resume(void)
{
    struct store_queue_set set = {.paused = one_in(sim, 2)};
    queue_set(sim->server.queues.all[below(sim, (int64_t)sim->server.queues.n)], STORE_QUEUE_PAUSED, &set);
    dispatch_soon(&sim->server.dispatch);
}

static void recycle_or_stop(void)
{
    struct handler *h;
    struct err e;
    char id[64];
    const struct worker_pool_conf *pool = &world_pools[below(sim, WORLD_POOLS)];
    bool stop = one_in(sim, 2);
    snprintf(id, sizeof id, "%s-%d", pool->name, (int)below(sim, pool->instances) + 1);
    int err = roster_control(&sim->server.roster, str_of(id), stop ? HANDLER_STOP : HANDLER_RECYCLE, &h, &e);
    if (err && err != ERR_CONFLICT) broken("a worker could not be controlled");
    *(stop ? &result->stopped : &result->recycled) += err == 0;
}

static void jump(void)
{
    sim_history_note(&sim->history, "the wall clock jumps");
    sim_wall_jump(sim, below(sim, 4 * HOUR) - 2 * HOUR);
}

static void on_reloaded(void *user, int err)
{
    (void)user;
    result->reloads += err == 0;
}

static void reload(void)
{
    if (sim->server.reload.next || sim->server.draining) return;
    sim_history_note(&sim->history, "another configuration");
    reload_start(&sim->server, world_other(sim, sim->server.conf.config), on_reloaded, NULL);
}

/* ---- the time between ---- */

static bool is_troubled(void)
{
    bool troubled = sim->store.away || !sim->server.serving || sim->server.reload.next != NULL;
    for (int op = 0; op < STORE_OPS; op++) {
        const struct sim_rule *r = &sim->store.rules[op];
        troubled |= r->fail_next || r->fail_percent || r->in_jitter_ms;
    }
    return troubled || sim->processes.fail_loads || sim->processes.fail_starts || sim->processes.fail_sends || sim->processes.gone_sends ||
           sim->processes.mute;
}

static void crash(void)
{
    if (!sim_is_cut(sim)) return;
    sim_crash(sim, some_ms(sim, HOUR));
    quiet_since_ms = sim->mono_ms;
}

/* When nothing is on its way and nothing hinders: whoever has nothing to do says so. */
static void rest(void)
{
    if (is_troubled()) quiet_since_ms = sim->mono_ms;
    if (sim->store.outstanding || pick_gathers_ms(&sim->server.dispatch) >= 0 || sim->mono_ms < quiet_since_ms + REST_MS) return;
    LIST_EACH (l, &sim->processes.alive) {
        const struct sim_process *p = CONTAINER_OF(l, struct sim_process, link);
        if (!p->exec && p->ready && list_empty(&p->works) && !p->closed && list_empty(&p->dying.link) &&
            !sim_resources_gives_way(&sim->server, p))
            result->rests += sim_idle(sim, p);
    }
}

static void pass(int64_t ms)
{
    sim_pass(sim, ms);
    crash();
    sim_history_add(&sim->history, (struct fact){.kind = FACT_PULSE});
    if (sim->check.claims > CLAIMS_MOST) broken("tasks are claimed and given back in circles");
    rest();
}

/* What pullers have from an earlier server. It may be more than the queue lets run: when the settle of one failed and the claim
 * of the next did not, both stand in the store. Nothing is claimed then. */
static int32_t taken_up(const struct queue *q)
{
    int32_t n = 0;
    LIST_EACH (l, &sim->server.dispatch.strays) {
        const struct lane *lane = CONTAINER_OF(l, struct lane, link);
        if (lane->kind->queue == q) n += lane->batches;
    }
    return n;
}

static void limits_hold(void)
{
    for (size_t i = 0; i < sim->server.queues.n; i++) {
        const struct queue *q = sim->server.queues.all[i];
        int32_t most = world_concurrency(q->name); /* it may have been more before a reload */
        if (q->coming != sim_coming(sim, q)) broken("a queue has lost count of what is about to start");
        if (q->running < 0 || (q->running > most && q->running != taken_up(q))) broken("a queue has lost count of what runs");
    }
    for (size_t i = 0; i < sim->server.roster.n; i++)
        if (sim->server.roster.posts[i].reserved < 0 || sim->server.roster.posts[i].n_ahead < 0) broken("a post has lost count of its room");
}

static void step(void)
{
    struct sim_task *t = any_task();
    int64_t what = below(sim, 100);
    if (what < 40) submit();
    else if (what < 42) submit_a_burst();
    else if (what < 68 && t) act_on(t);
    else if (what < 72 && !calm) trouble_the_store();
    else if (what < 76 && !calm) trouble_the_system();
    else if (what < 78) trouble_the_disk();
    else if (what < 81) pause_or_resume();
    else if (what < 82) jump();
    else if (what < 86) reload();
    else if (what < 90) recycle_or_stop();
    pass(some_ms(sim, one_in(sim, 10) ? HOUR : 5000));
    limits_hold();
    result->scarce += sim_resources_waiting(&sim->server);
}

/* ---- the end ---- */

static void end_all_trouble(void)
{
    sim->store.away = false;
    for (int op = 0; op < STORE_OPS; op++) sim->store.rules[op] = (struct sim_rule){0};
    sim->processes.fail_loads = sim->processes.fail_starts = sim->processes.fail_sends = sim->processes.gone_sends = 0;
    sim->processes.mute = false;
    crash();
    sim_spare(sim);
    for (size_t i = 0; i < sim->server.queues.n; i++)
        queue_set(sim->server.queues.all[i], STORE_QUEUE_PAUSED, &(struct store_queue_set){0});
    dispatch_soon(&sim->server.dispatch);
}

/* Every type is there again. */
static void reload_the_first(void)
{
    while (sim->server.reload.next) sim_pass(sim, 1000);
    reload_start(&sim->server, &sim->config, on_reloaded, NULL);
    while (sim->server.reload.next) sim_pass(sim, 1000);
    if (sim->server.conf.config != &sim->config) broken("a reload did not take place");
}

static bool lives(const struct sim_task *t)
{
    const struct task *seen = sim_look(&sim->client, sim->store.inner, t);
    return seen && !state_is_ending(seen->life.state);
}

/* What has not ended waits for something that can be said. */
static void all_have_a_reason(void)
{
    char detail[WAITING_ON_DETAIL];
    for (size_t i = 0; i < sim->client.n; i++) {
        if (!lives(sim->client.tasks[i])) continue;
        const struct task *seen = &sim->client.get.task;
        if (!waiting_on_reason(&sim->server, seen, detail) && seen->life.state != TASK_RUNNING)
            broken("waits and nobody can say for what");
    }
}

static void end_what_nobody_does(void)
{
    for (size_t i = 0; i < sim->client.n; i++) {
        struct sim_task *t = sim->client.tasks[i];
        if (strcmp(t->type, WORLD_FORGOTTEN) == 0 && lives(t)) sim_cancel(&sim->client, t);
    }
}

static void drain_in_the_middle(void)
{
    sim_drain(sim);
    end_all_trouble();
    for (int minutes = 0; minutes < 2; minutes++) sim_pass(sim, 60000);
    for (size_t i = 0; i < sim->client.n; i++)
        if (lives(sim->client.tasks[i]) && sim->client.get.task.life.state == TASK_RUNNING && !sim->client.get.task.life.leased)
            broken("running after a drain");
}

static void live_to_the_end(void)
{
    end_all_trouble();
    reload_the_first();
    quiet_since_ms = sim->mono_ms;
    pass(60000);
    all_have_a_reason();
    for (int hours = 0; hours < 400; hours++) pass(HOUR);
    end_what_nobody_does();
    pass(HOUR);
    sim_watch_census(&sim->watch, sim->store.inner, false);
    sim_history_add(&sim->history, (struct fact){.kind = FACT_OVER});
    if (sim->server.run_by_id.n) broken("a run is left");
    if (sim_dirs(sim)) broken("the directory of an attempt is left");
}

static void sum_up(void)
{
    const struct sim_check *c = &sim->check;
    result->print = sim_history_print(&sim->history);
    result->facts = (int64_t)sim->history.n;
    result->tasks = (int64_t)sim->client.n;
    result->claims = c->claims;
    result->resumed = c->resumed;
    result->stale = c->stale;
    result->released = c->released;
    result->together = c->together;
    result->outwaited = c->outwaited;
    result->rated = c->rated, result->key_rated = c->key_rated;
    result->took_turns = c->took_turns;
    result->at_rate = c->at_rate, result->at_key_rate = c->at_key_rate;
    result->pulled = sim->pullers.done;
    result->pullers_killed = sim->pullers.kills;
    result->leases_lost = sim->server.roster.desk.lost;
    result->shared = c->shared;
    result->stepped = c->stepped;
    result->cached = c->cached, result->followed = c->followed, result->led = c->led;
    result->crashes = c->crashes;
    result->heard = c->heard, result->cuts = c->cuts;
    result->purged = c->purged;
    memcpy(result->endings, c->endings, sizeof c->endings);
    memcpy(result->cells, sim_cells, sizeof sim_cells);
}

void __lsan_do_leak_check(void) __attribute__((weak)); /* the sanitizer's, when there is one; ends the process */

void sim_random_live(uint64_t seed, struct sim_result *ret)
{
    struct sim_conf conf;
    struct retain_rules retain;
    result = ret;
    sim = sim_new(world_conf(&conf, &retain, seed));
    sim_start(sim);
    sim_puller_go(&sim->pullers, world_pulled);
    sim->processes.max_batch = one_in(sim, 2) ? 1 : 1 + (int)below(sim, 6);
    sim->processes.concurrency = one_in(sim, 2) ? 1 : 1 + (int)below(sim, 4);
    sim->store.lag_ms = one_in(sim, 2) ? below(sim, 30) : 0;
    calm = one_in(sim, 3);
    int64_t steps = one_in(sim, 4) ? below(sim, STEPS) : STEPS;
    for (int64_t i = 0; i < steps && !sim->check.broken[0]; i++) step();
    if (!sim->check.broken[0]) {
        if (one_in(sim, 4) && !sim_is_cut(sim)) drain_in_the_middle();
        else live_to_the_end();
    }
    sum_up();
    memcpy(ret->broken, sim->check.broken, sizeof ret->broken);
    if (ret->broken[0]) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, ret->broken);
        sim_history_story(&sim->history, getenv("SIM_STORY") ? (size_t)strtoul(getenv("SIM_STORY"), NULL, 10) : 40,
                          stderr);
        return;
    }
    bool crashed = ret->crashes > 0;
    if (!sim_close(sim)) snprintf(ret->broken, sizeof ret->broken, "the server did not come to its end");
    sim = NULL;
    if (!crashed && seed % LEAKS_EVERY == 0 && __lsan_do_leak_check) __lsan_do_leak_check();
    ret->lived = true;
}
