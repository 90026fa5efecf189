/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose turn, and is there room: the order across lanes, limits that are never passed, what a pool is told to want, a
 * store that does not answer a claim.
 */
#include "server_rig.h"

#include "task/order.h"

#define MORE_TASKS 32

static struct config_queue wide[] = {{.name = "default", .concurrency = 40},
                                     {.name = "slow", .concurrency = 1},
                                     {.name = "paused", .concurrency = 3, .paused = true}};
static struct config_type many[] = {{.name = "transcribe", .worker = "speech"}, {.name = "convert"},
                                    {.name = "translate", .worker = "speech", .queue = "slow"},
                                    {.name = "label", .worker = "speech"}, {.name = "render"}, {.name = "hidden", .queue = "paused"}};

static void open_with(struct config_queue *queues, size_t n_queues, int instances, int64_t keep_alive_ms)
{
    static struct worker_pool_conf pool[1];
    pool[0] = rig_pools[0];
    pool[0].instances = instances;
    pool[0].keep_alive_ms = keep_alive_ms;
    struct sim_conf conf = {.seed = 3, .queues = queues, .n_queues = n_queues, .pools = pool, .n_pools = 1,
                            .types = many, .n_types = N(many)};
    sim = sim_open(&conf);
}

static const struct lane *lane_of(const char *queue, const char *type)
{
    return dispatch_lane(&sim->server.dispatch, str_of(queue), str_of(type));
}

static int running(const char *queue) { return rig_queue(queue)->running; }
static int reserved(void) { return sim->server.roster.posts[0].reserved; }

TEST(the_first_32_tasks_start_a_pool_of_one_exactly_once)
{
    open_with(wide, N(wide), 1, 600000);
    struct sim_task *t[MORE_TASKS];
    CHECK_INT(sim->processes.started, 0); /* lazily */
    for (int i = 0; i < MORE_TASKS; i++) t[i] = SUBMIT(.ms = 10);
    CHECK_INT(sim->processes.started, 1);
    sim_pass(sim, 60000);
    CHECK_INT(sim->processes.started, 1);
    for (int i = 0; i < MORE_TASKS; i++) CHECK_TASK(t[i], "completed");
    RIG_CLOSE();
}

TEST(a_pool_starts_as_many_processes_as_its_queues_let_run)
{
    static struct config_queue three[] = {{.name = "default", .concurrency = 3}, {.name = "slow", .concurrency = 1},
                                          {.name = "paused", .concurrency = 1}};
    open_with(three, N(three), 8, 600000);
    for (int i = 0; i < 20; i++) SUBMIT(.ms = 100);
    CHECK_INT(sim->processes.started, 3);
    for (int i = 0; i < 20; i++) SUBMIT(.type = "label", .ms = 100); /* a second type of the same queue: no more places */
    CHECK_INT(sim->processes.started, 3);
    for (int i = 0; i < 5; i++) SUBMIT(.type = "translate", .ms = 100);
    CHECK_INT(sim->processes.started, 4);
    sim_pass(sim, 60000);
    CHECK_INT(sim->processes.started, 4);
    CHECK_INT(sim->check.most_running, 4);
    RIG_CLOSE();
}

TEST(a_process_without_keep_alive_is_kept_while_tasks_wait)
{
    static struct config_queue one[] = {{.name = "default", .concurrency = 1}, {.name = "slow", .concurrency = 1},
                                        {.name = "paused", .concurrency = 1}};
    open_with(one, N(one), 1, 0);
    for (int i = 0; i < 5; i++) SUBMIT(.ms = 100);
    sim_pass(sim, 1200);
    sim->store.lag_ms = 30;
    sim_pass(sim, 5000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 5);
    CHECK_INT(sim->processes.started, 1);
    CHECK_INT(sim_process_count(&sim->processes), 0); /* and ended when none did */
    RIG_CLOSE();
}

TEST(a_process_is_not_ended_while_a_claim_for_it_is_on_its_way)
{
    static struct config_queue one[] = {{.name = "default", .concurrency = 1}, {.name = "slow", .concurrency = 1},
                                        {.name = "paused", .concurrency = 1}};
    open_with(one, N(one), 1, 0);
    sim->store.rules[STORE_CLAIM].in_ms = 200;
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 1100);
    CHECK_INT(sim->server.dispatch.claims, 1);
    SUBMIT(.type = "convert"); /* a hint meanwhile: everything is looked at again */
    sim_pass(sim, 5000);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK_INT(sim->processes.started, 2);
    RIG_CLOSE();
}

TEST(of_two_lanes_the_one_whose_head_comes_first_is_claimed)
{
    open_with(wide, N(wide), 1, 600000);
    struct sim_task *old = SUBMIT(.ms = 50), *young, *urgent;
    sim_pass(sim, 10);
    young = SUBMIT(.type = "label", .ms = 50);
    sim_pass(sim, 10);
    urgent = SUBMIT(.ms = 50, .priority = 5);
    sim_pass(sim, 10);
    struct sim_task *low = SUBMIT(.type = "label", .ms = 50, .priority = -5);
    sim_pass(sim, 5000);
    int64_t at[] = {rig_look(urgent)->life.started_at_ms, rig_look(old)->life.started_at_ms,
                    rig_look(young)->life.started_at_ms, rig_look(low)->life.started_at_ms};
    for (size_t i = 0; i + 1 < N(at); i++) CHECK(at[i] > 0 && at[i] < at[i + 1]);
    RIG_CLOSE();
}

/* Two places, and the second task of the first lane comes after the first of the other. */
TEST(a_claim_goes_no_further_in_a_lane_than_the_head_of_another)
{
    open_with(wide, N(wide), 1, 600000);
    rig_queue("default")->paused = true;
    rig_queue("default")->concurrency = 2;
    struct sim_task *high = SUBMIT(.type = "convert", .ms = 100, .priority = 10), *low = SUBMIT(.type = "convert", .ms = 100);
    struct sim_task *middle = SUBMIT(.type = "render", .queue = "default", .ms = 100, .priority = 5);
    rig_queue("default")->paused = false;
    dispatch_soon(&sim->server.dispatch);
    sim_pass(sim, 10);
    CHECK_TASK(high, "running");
    CHECK_TASK(middle, "running");
    CHECK_TASK(low, "pending");
    RIG_CLOSE();
}

/* The limit holds for what was claimed and for what may come of claims on their way. */
TEST(a_lane_does_not_take_the_room_that_a_better_task_of_a_claiming_lane_wants)
{
    static struct config_queue two[] = {{.name = "default", .concurrency = 2}, {.name = "slow", .concurrency = 1},
                                        {.name = "paused", .concurrency = 1}};
    open_with(two, N(two), 1, 600000);
    sim->store.rules[STORE_CLAIM].in_ms = 50;
    struct sim_task *first = SUBMIT(.type = "convert", .ms = 1000, .priority = 5);
    CHECK_INT(lane_of("default", "convert")->claiming, 1);
    struct sim_task *second = SUBMIT(.type = "convert", .ms = 1000, .priority = 5);
    struct sim_task *other = SUBMIT(.type = "render", .ms = 1000, .priority = 1);
    sim_pass(sim, 200);
    CHECK_TASK(first, "running");
    CHECK_TASK(second, "running");
    CHECK_TASK(other, "pending");
    sim_pass(sim, 5000);
    CHECK_TASK(other, "completed");
    RIG_CLOSE();
}

TEST(a_queues_concurrency_is_never_passed_under_random_load)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        open_with(wide, N(wide), 4, 600000);
        rng_seeded_init(&sim->test_rng, seed);
        sim->store.rules[STORE_CLAIM].in_jitter_ms = 40;
        sim->store.rules[STORE_SETTLE].in_jitter_ms = 40;
        const char *types[] = {"convert", "transcribe", "translate", "label"};
        rig_queue("default")->concurrency = 3;
        sim->config.queues[0].concurrency = 3;
        for (int i = 0; i < 200; i++) {
            struct rng *rng = &sim->test_rng.rng;
            const char *type = types[rng_below(rng, N(types))];
            sim_submit(&sim->client, &(struct sim_ask){.type = type, .ms = (int64_t)rng_below(rng, 100)});
            sim_pass(sim, (int64_t)rng_below(rng, 60));
            CHECK(running("default") >= 0 && running("default") <= 3);
            CHECK(running("slow") >= 0 && running("slow") <= 1);
            CHECK(reserved() >= 0 && reserved() <= 4);
        }
            sim_pass(sim, 60000);
        CHECK_INT(sim->check.endings[TASK_COMPLETED], 200);
        CHECK_INT(running("default") + running("slow") + reserved(), 0);
        RIG_CLOSE();
    }
}

TEST(room_is_kept_while_a_claim_is_on_its_way_and_given_back_when_it_brings_fewer)
{
    open_with(wide, N(wide), 2, 600000);
    struct sim_task *first = SUBMIT(.ms = 1);
    sim_pass(sim, 2000);
    CHECK_TASK(first, "completed");
    SUBMIT(.ms = 1);
    sim_pass(sim, 1100); /* two processes are ready */
    sim->store.rules[STORE_CLAIM].in_ms = 500;
    struct sim_task *a = sim_submit(&sim->client, &(struct sim_ask){.type = "convert", .ms = 5000});
    struct sim_task *b = sim_submit(&sim->client, &(struct sim_ask){.type = "convert", .ms = 5000});
    sim_run(sim);
    CHECK_INT(running("default"), 2); /* for two tasks, not yet claimed */
    CHECK_INT(rig_busy(), 0);
    rig_cancel(a);
    sim_pass(sim, 500);
    CHECK_TASK(b, "running");
    CHECK_TASK(a, "cancelled");
    CHECK_INT(running("default"), 1);
    sim_pass(sim, 10000);
    CHECK_INT(running("default"), 0);
    RIG_CLOSE();
}

TEST(a_claim_that_fails_gives_its_room_back_and_is_tried_again)
{
    open_with(wide, N(wide), 1, 600000);
    sim->store.rules[STORE_CLAIM].fail_next = 3;
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    CHECK_INT(sim->store.n[STORE_CLAIM], 1);
    CHECK_INT(running("default"), 0);
    sim_pass(sim, DISPATCH_STORE_AWAY_MS - 1);
    CHECK_INT(sim->store.n[STORE_CLAIM], 1);
    sim_pass(sim, 2 * DISPATCH_STORE_AWAY_MS + 1);
    CHECK_INT(sim->store.n[STORE_CLAIM], 4);
    sim_pass(sim, 100);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_paused_queue_gives_nothing_and_starts_no_process_until_it_is_resumed)
{
    open_with(wide, N(wide), 1, 600000);
    struct queue *q = rig_queue("default");
    q->paused = true;
    struct sim_task *t = SUBMIT(.ms = 10), *u = SUBMIT(.type = "convert"), *hidden = SUBMIT(.type = "hidden");
    sim_pass(sim, 3600000);
    CHECK_INT(sim->processes.started, 0);
    CHECK_INT(sim->store.n[STORE_CLAIM], 0);
    q->paused = false;
    dispatch_soon(&sim->server.dispatch);
    sim_pass(sim, 2000);
    CHECK_TASK(t, "completed");
    CHECK_TASK(u, "completed");
    CHECK_TASK(hidden, "pending"); /* paused from the configuration */
    rig_queue("paused")->paused = false;
    dispatch_soon(&sim->server.dispatch);
    sim_run(sim);
    CHECK_TASK(hidden, "completed");
    RIG_CLOSE();
}

TEST(a_pause_lets_what_runs_finish)
{
    open_with(wide, N(wide), 1, 600000);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 500);
    CHECK_INT(rig_busy(), 1);
    rig_queue("default")->paused = true;
    sim_pass(sim, 1000);
    CHECK_TASK(t, "completed");
    rig_queue("default")->paused = false;
    RIG_CLOSE();
}

TEST(tasks_of_a_type_or_queue_that_is_not_declared_wait_and_hold_nobody_up)
{
    open_with(wide, N(wide), 1, 600000);
    struct sim_task *a = SUBMIT(.type = "forgotten", .queue = "default", .priority = 100);
    struct sim_task *b = SUBMIT(.type = "convert", .queue = "forgotten", .priority = 100);
    struct sim_task *c = SUBMIT(.type = "convert", .ms = 1);
    sim_pass(sim, 60000);
    CHECK_TASK(a, "pending");
    CHECK_TASK(b, "pending");
    CHECK_TASK(c, "completed");
    CHECK(lane_of("default", "forgotten") && !lane_of("default", "forgotten")->kind->post);
    CHECK(!lane_of("forgotten", "convert")->kind->queue->declared);
    RIG_CLOSE();
}

/* The tick that would have ended it did not get through to the store. */
TEST(a_task_that_a_claim_comes_upon_too_late_expires_and_its_waiters_are_told)
{
    open_with(wide, N(wide), 1, 600000);
    rig_queue("default")->paused = true;
    struct sim_task *late = SUBMIT(.type = "convert", .start_in_ms = 1000), *next = SUBMIT(.type = "convert");
    sim->store.rules[STORE_TICK].fail_next = 1;
    sim_pass(sim, 1500);
    CHECK_TASK(late, "pending");
    rig_queue("default")->paused = false;
    dispatch_soon(&sim->server.dispatch);
    sim_run(sim);
    CHECK_INT(sim->check.late, 1);
    CHECK_TASK(late, "expired");
    CHECK_INT(late->told, 1);
    CHECK_TASK(next, "completed");
    CHECK_INT(running("default"), 0);
    RIG_CLOSE();
}

/* The store had to make room: another lane stands in the place of one whose last task is just being settled. */
TEST(a_lane_that_was_given_up_lives_on_with_its_last_task)
{
    open_with(wide, N(wide), 1, 600000);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 100);
    CHECK_TASK(t, "running");
    uint32_t number = lane_of("default", "convert")->number;
    struct store_hint hint = {.lane = number + LIMIT_LANES, .queue = STR("default"), .type = STR("render")};
    dispatch_hint(&sim->server.dispatch, &hint, 1);
    CHECK(lane_of("default", "convert") == NULL);
    CHECK_INT(lane_of("default", "render")->number, number + LIMIT_LANES);
    CHECK_INT(running("default"), 1);
    sim_pass(sim, 1000);
    CHECK_TASK(t, "completed");
    CHECK_INT(running("default"), 0);
    RIG_CLOSE();
}

TEST(one_claim_brings_at_most_64_tasks)
{
    open_with(wide, N(wide), 1, 600000);
    rig_queue("default")->concurrency = 100;
    sim_history_add(&sim->history, (struct fact){.kind = FACT_LIMIT, .queue = "default", .concurrency = 100});
    rig_queue("default")->paused = true;
    for (int i = 0; i < 100; i++) SUBMIT(.type = "convert", .ms = 100);
    rig_queue("default")->paused = false;
    dispatch_soon(&sim->server.dispatch);
    sim_run(sim);
    CHECK_INT(sim->store.n[STORE_CLAIM], 2);
    CHECK_INT(rig_busy(), 100);
    RIG_CLOSE();
}

TEST(several_types_share_one_pool)
{
    open_with(wide, N(wide), 2, 600000);
    struct sim_task *t[12];
    const char *types[] = {"transcribe", "label", "translate"};
    for (int i = 0; i < 12; i++) t[i] = SUBMIT(.type = types[i % 3], .ms = 100);
    sim_pass(sim, 1000 + 800); /* those of one type are of a queue with one place */
    for (int i = 0; i < 12; i++) CHECK_TASK(t[i], "completed");
    CHECK_INT(sim->check.most_running, 2);
    CHECK_INT(sim->processes.started, 2);
    RIG_CLOSE();
}

/* It is claimed while the one before it runs: until then it waits in its queue, and after it in front of the pool. */
TEST(what_was_claimed_for_a_pool_counts_in_its_line_until_it_is_handed_over)
{
    static const struct ration_amount needs[] = {{"vram", 1, false}, {0}}, whole[] = {{"vram", 1, false}, {0}};
    static struct config_queue queues[] = {{.name = "default", .concurrency = 40}, {.name = "slow", .concurrency = 1},
                                           {.name = "paused", .concurrency = 1}};
    static struct worker_pool_conf pool[1];
    pool[0] = rig_pools[0];
    pool[0].instances = 1;
    pool[0].needs = needs;
    struct sim_conf conf = {.seed = 3, .queues = queues, .n_queues = N(queues), .pools = pool, .n_pools = 1, .types = many,
                            .n_types = N(many), .resources = whole};
    sim = sim_open(&conf);
    for (int i = 0; i < 20; i++) SUBMIT(.ms = 5, .priority = 50);
    for (int i = 0; i < 3; i++) SUBMIT(.ms = 5, .priority = -5);
    const struct post *post = &sim->server.roster.posts[0];
    const struct resource_user *user = CONTAINER_OF(sim->server.roster.resources.users.next, struct resource_user, link);
    int seen = 0;
    for (int ms = 0; ms < 5000; ms++) {
        sim_pass(sim, 1);
        if (!post->ahead || post->wanted == 0) continue;
        int32_t ahead = order_priority(post->ahead->life.rank);
        CHECK_INT(user->priority, ahead > post->counted_priority ? ahead : post->counted_priority);
        seen += ahead > post->counted_priority;
    }
    CHECK(seen > 0);
    RIG_CLOSE();
}

TEST_MAIN
