/* SPDX-License-Identifier: Apache-2.0
 *
 * Random hours of a server: submits, cancels, retries, pauses, recycled and stopped workers, crashes, hangs, timeouts, a
 * store that is slow, fails or is away, a system without processes, jumps of the wall clock, other configurations; then
 * quiet, and everything that was accepted has to have ended as promised (sim_check). One seed is one life:
 *
 *   SIM_SEED=17 test_sim_random      that life alone, with SIM_LOG=1 its log
 *   SIM_SEEDS=5000 test_sim_random   that many lives; 200 when not said
 */
#include "server/waiting_on.h"
#include "test/sim/sim.h"
#include "test/test.h"

#define STEPS 400
#define HOUR INT64_C(3600000)
#define N(array) (sizeof(array) / sizeof *(array))

static const struct config_queue queues[] = {
    {.name = "default", .concurrency = 4}, {.name = "gpu", .concurrency = 1}, {.name = "short", .concurrency = 2, .capacity = 5}};
static const struct worker_pool_conf pools[] = {
    {.name = "big", .command = sim_worker_command, .instances = 1, .keep_alive_ms = 60000},
    {.name = "eager", .command = sim_worker_command, .instances = 3, .keep_alive_ms = 0, .load_at_boot = true},
    {.name = "warm", .command = sim_worker_command, .instances = 2, .keep_alive_ms = -1, .ready_timeout_ms = 5000,
     .backoff_cap_ms = 60000}};
static const struct config_type types[] = {{.name = "convert"},
                                           {.name = "draw", .worker = "big", .queue = "gpu"},
                                           {.name = "label", .worker = "warm"},
                                           {.name = "say", .worker = "eager"},
                                           {.name = "sing", .worker = "eager", .queue = "short"},
                                           {.name = "transcribe", .worker = "warm", .queue = "gpu"}};
static const char *const plans[] = {"done", "done", "done", "fail done", "fail", "fatal", "crash done", "crash", "junk done",
                                    "hang", "late", "heedless", "deaf done", "stubborn done", "crash hang fail done"};
static const enum store_op ops[] = {STORE_ADD, STORE_CLAIM, STORE_SETTLE, STORE_CONTROL, STORE_TICK};

static struct sim *sim;

static int64_t below(int64_t n) { return (int64_t)rng_below(&sim->test_rng.rng, (uint64_t)n); }
static bool one_in(int64_t n) { return below(n) == 0; }
/* Mostly short, sometimes very long. */
static int64_t some_ms(int64_t most) { return below(1 + (most >> below(12))); }

static void submit(void)
{
    struct sim_ask ask = {.type = types[below(N(types))].name, .plan = plans[below(N(plans))], .ms = some_ms(20000)};
    ask.priority = (int32_t)(one_in(3) ? below(201) - 100 : 0);
    ask.timeout_ms = one_in(3) ? 1000 + some_ms(HOUR) : 0;
    ask.grace_ms = 1000 + some_ms(20000);
    ask.delay_ms = one_in(6) ? 1 + some_ms(2 * HOUR) : 0;
    ask.start_in_ms = one_in(8) ? ask.delay_ms + 1 + some_ms(HOUR) : 0;
    ask.max_attempts = (int32_t)(1 + below(5));
    ask.retry_ms = 1 + some_ms(600000);
    if (one_in(10)) ask.more = ",\"progress\":3,\"log\":2000";
    if (one_in(50)) ask.type = "forgotten", ask.queue = "default";
    sim_submit(&sim->client, &ask);
}

static struct sim_task *any_task(void)
{
    if (sim->client.n == 0) return NULL;
    int64_t n = (int64_t)sim->client.n, last = n < 8 ? n : 8;
    struct sim_task *t = sim->client.tasks[one_in(2) ? below(n) : n - 1 - below(last)];
    return t->accepted ? t : NULL; /* a refused one must stay unknown */
}

static void trouble_the_store(void)
{
    struct sim_rule *rule = &sim->store.rules[ops[below(N(ops))]];
    switch (below(4)) {
    case 0: rule->fail_percent = (unsigned)below(60); break;
    case 1: rule->fail_next = (int)below(5); break;
    case 2: rule->in_jitter_ms = below(100); break;
    case 3: sim->store.away = one_in(2); break;
    }
    if (one_in(4)) *rule = (struct sim_rule){0};
}

static void trouble_the_system(void)
{
    switch (below(6)) {
    case 0: sim->processes.fail_loads = (int)below(8); break;
    case 1: sim->processes.fail_starts = (int)below(4); break;
    case 2: sim->processes.fail_sends = (int)below(3); break;
    case 3: sim_process_kill_all(&sim->processes); break;
    case 4: sim->processes.mute = one_in(3); break;
    case 5: sim->processes.obey_ms = below(3000); break;
    }
}

static void pause_or_resume(void)
{
    struct store_queue_set set = {.paused = one_in(2)};
    queue_set(sim->server.queues.all[below(N(queues))], STORE_QUEUE_PAUSED, &set);
    dispatch_soon(&sim->server.dispatch);
}

static int64_t wishes[2]; /* of each verb, those that were taken */

static void recycle_or_stop(void)
{
    struct handler *h;
    struct err e;
    char id[64];
    size_t pool = (size_t)below(N(pools));
    enum handler_verb verb = one_in(2) ? HANDLER_STOP : HANDLER_RECYCLE;
    snprintf(id, sizeof id, "%s-%d", pools[pool].name, (int)below(pools[pool].instances) + 1);
    int err = roster_control(&sim->server.roster, str_of(id), verb, &h, &e);
    CHECK(err == 0 || err == ERR_CONFLICT);
    wishes[verb] += err == 0;
}

/* ---- other configurations ---- */

static struct config others[2];
static struct config_queue other_queues[2][N(queues)];
static struct worker_pool_conf other_pools[2][N(pools)];
static struct config_type other_types[2][N(types)];
static int64_t n_reloads;

static void on_reloaded(void *user, int err)
{
    (void)user;
    n_reloads += err == 0;
}

/* Fewer at a time in the queues, pools that are the same or not, one type less or none. */
static void reload(void)
{
    struct server *s = &sim->server;
    size_t at = s->conf.config == &others[0];
    struct config *c = &others[at];
    if (s->reload.next || s->draining) return;
    *c = sim->config;
    memcpy(other_queues[at], queues, sizeof queues);
    memcpy(other_pools[at], pools, sizeof pools);
    memcpy(other_types[at], sim->config.types, sizeof types);
    for (size_t i = 0; i < N(queues); i++) other_queues[at][i].concurrency = 1 + (int32_t)below(queues[i].concurrency);
    for (size_t i = 0; i < N(pools); i++)
        if (one_in(2)) other_pools[at][i].ready_timeout_ms = 5000 + below(3);
    if (one_in(3)) {
        size_t gone = (size_t)below(N(types));
        memmove(&other_types[at][gone], &other_types[at][gone + 1], (N(types) - gone - 1) * sizeof types[0]);
        c->n_types = c->n_exact = N(types) - 1;
    }
    c->queues = other_queues[at];
    c->workers = other_pools[at];
    c->types = other_types[at];
    reload_start(s, c, on_reloaded, NULL);
}

/* Every type is there again. */
static void reload_the_first(void)
{
    while (sim->server.reload.next) sim_pass(sim, 1000);
    reload_start(&sim->server, &sim->config, on_reloaded, NULL);
    while (sim->server.reload.next) sim_pass(sim, 1000);
    CHECK(sim->server.conf.config == &sim->config);
}

static void step(void)
{
    struct sim_task *t = any_task();
    int64_t what = below(100);
    if (what < 45) submit();
    else if (what < 55 && t) sim_cancel(&sim->client, t);
    else if (what < 62 && t) sim_retry(&sim->client, t);
    else if (what < 68) trouble_the_store();
    else if (what < 74) trouble_the_system();
    else if (what < 77) pause_or_resume();
    else if (what < 78) sim_wall_jump(sim, below(4 * HOUR) - 2 * HOUR);
    else if (what < 82) reload();
    else if (what < 88) recycle_or_stop();
    sim_pass(sim, some_ms(one_in(10) ? HOUR : 5000));
}

static void limits_hold(void)
{
    for (size_t i = 0; i < N(queues); i++) {
        const struct queue *q = sim->server.queues.all[i];
        CHECK(q->running >= 0 && q->running <= queues[i].concurrency); /* it may have been more before a reload */
    }
    for (size_t i = 0; i < sim->server.roster.n; i++) CHECK(sim->server.roster.posts[i].reserved >= 0);
}

static void end_all_trouble(void)
{
    sim->store.away = false;
    for (int op = 0; op < STORE_OPS; op++) sim->store.rules[op] = (struct sim_rule){0};
    sim->processes.fail_loads = sim->processes.fail_starts = sim->processes.fail_sends = 0;
    sim->processes.mute = false;
    for (size_t i = 0; i < N(queues); i++)
        queue_set(sim->server.queues.all[i], STORE_QUEUE_PAUSED, &(struct store_queue_set){0});
    dispatch_soon(&sim->server.dispatch);
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
        if (!waiting_on_reason(&sim->server, seen, detail)) CHECK_STR(str_of(state_word(seen->life.state)), "running");
    }
}

static void end_what_nobody_does(void)
{
    for (size_t i = 0; i < sim->client.n; i++) {
        struct sim_task *t = sim->client.tasks[i];
        if (strcmp(t->type, "forgotten") == 0 && lives(t)) sim_cancel(&sim->client, t);
    }
}

static void nothing_is_left_running(void)
{
    for (size_t i = 0; i < sim->client.n; i++) {
        struct sim_task *t = sim->client.tasks[i];
        if (lives(t) && sim->client.get.task.life.state == TASK_RUNNING) sim_check_broken(&sim->check, "running after a drain");
    }
}

static void live(uint64_t seed)
{
    struct sim_conf conf = {.seed = seed, .queues = queues, .n_queues = N(queues), .pools = pools, .n_pools = N(pools),
                            .types = types, .n_types = N(types)};
    sim = sim_open(&conf);
    sim->store.lag_ms = one_in(2) ? below(30) : 0;
    int64_t steps = one_in(4) ? below(STEPS) : STEPS;
    for (int64_t i = 0; i < steps; i++) {
        step();
        limits_hold();
        sim_check_pulse(&sim->check);
    }
    if (one_in(4)) { /* in the middle of it */
        sim_drain(sim);
        end_all_trouble();
        sim_pass(sim, 2 * 60000);
        nothing_is_left_running();
        return;
    }
    end_all_trouble();
    reload_the_first();
    sim_pass(sim, 60000);
    all_have_a_reason();
    for (int hours = 0; hours < 400; hours++) sim_pass(sim, HOUR);
    end_what_nobody_does();
    sim_pass(sim, HOUR);
    sim_check_end(&sim->check, sim->store.inner);
    CHECK_INT(sim->server.run_by_id.n, 0);
    CHECK_INT(sim_dirs(sim), 0);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t seed;
static int64_t n_tasks, n_claims, n_released, endings[TASK_STATES];

static void live_now(void) { live(seed); }

/* One life; what it saw is added to the sums. */
static bool lived_well(void)
{
    jmp_buf outer;
    memcpy(outer, test_out, sizeof outer);
    bool good = test_passes(live_now);
    memcpy(test_out, outer, sizeof outer);
    n_tasks += (int64_t)sim->client.n;
    n_claims += sim->check.claims;
    n_released += sim->check.released;
    for (int i = 0; i < TASK_STATES; i++) endings[i] += sim->check.endings[i];
    return good && sim_close(sim);
}

TEST(what_is_promised_holds_through_random_hours)
{
    uint64_t first = number_of("SIM_SEED", 1), last = getenv("SIM_SEED") ? first : number_of("SIM_SEEDS", 200);
    for (seed = first; seed <= last; seed++) {
        if (lived_well()) continue;
        fprintf(stderr, "SIM_SEED=%llu shows it again\n", (unsigned long long)seed);
        test_fail();
    }
    printf("%lld tasks, %lld claims, %lld reloads; endings: %lld completed, %lld failed, %lld cancelled, %lld expired\n", (long long)n_tasks,
           (long long)n_claims, (long long)n_reloads, (long long)endings[TASK_COMPLETED], (long long)endings[TASK_FAILED],
           (long long)endings[TASK_CANCELLED], (long long)endings[TASK_EXPIRED]);
    printf("%lld workers recycled, %lld stopped, %lld attempts given back\n", (long long)wishes[HANDLER_RECYCLE],
           (long long)wishes[HANDLER_STOP], (long long)n_released);
    if (first == last) return;
    for (int i = TASK_COMPLETED; i < TASK_STATES; i++) CHECK(endings[i] > 0); /* every kind of ending was really seen */
    CHECK(wishes[HANDLER_RECYCLE] > 0 && wishes[HANDLER_STOP] > 0 && n_released > 0);
}

TEST_MAIN
