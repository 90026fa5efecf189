/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools that wait for the one seat there is: the one with the most urgent task sits down next.
 */
#include "server_rig.h"

#define HOUR 3600000

static const struct ration_amount seat[] = {{.name = "seat", .amount = 1}, {0}};

static void open_with_one_seat(void)
{
    static const char *const names[] = {"speech", "draw", "chat"};
    static struct worker_pool_conf pools[N(names)];
    static struct config_type types[N(names)];
    static struct config_queue queues[] = {{.name = "default", .concurrency = 8}, {.name = "slow", .concurrency = 1}};
    for (size_t i = 0; i < N(names); i++) {
        pools[i] = rig_pools[0];
        pools[i].name = names[i];
        pools[i].needs = seat;
        pools[i].prefer_warm = 4;
        types[i] = (struct config_type){.name = names[i], .worker = names[i]};
    }
    struct sim_conf conf = rig_conf();
    conf.pools = pools;
    conf.n_pools = N(names);
    conf.types = types;
    conf.n_types = N(names);
    conf.queues = queues;
    conf.n_queues = N(queues);
    conf.resources = seat;
    sim = sim_open(&conf);
    CHECK_INT(sim->serving, 1);
}

TEST(the_pool_whose_best_task_comes_first_is_served_first)
{
    open_with_one_seat();
    struct sim_task *first = SUBMIT(.type = "speech", .ms = 5000);
    sim_pass(sim, 2000);
    CHECK_TASK(first, "running");
    struct sim_task *chat = SUBMIT(.type = "chat", .ms = 5000), *late = SUBMIT(.type = "draw", .ms = 10, .priority = -3);
    struct sim_task *draw = SUBMIT(.type = "draw", .ms = 5000, .priority = 2);
    sim_pass(sim, 6000);
    CHECK_TASK(first, "completed");
    CHECK_TASK(draw, "running");
    CHECK_TASK(chat, "pending");
    sim_pass(sim, 6000); /* what draw has left is less urgent than what chat has */
    CHECK_TASK(draw, "completed");
    CHECK_TASK(chat, "running");
    CHECK_TASK(late, "pending");
    sim_pass(sim, HOUR);
    CHECK_TASK(chat, "completed");
    CHECK_TASK(late, "completed");
    RIG_CLOSE();
}

TEST(what_a_queue_lets_nobody_run_makes_no_pool_urgent)
{
    open_with_one_seat();
    rig_queue("slow")->paused = true;
    struct sim_task *first = SUBMIT(.type = "speech", .ms = 5000);
    sim_pass(sim, 2000);
    CHECK_TASK(first, "running");
    struct sim_task *chat = SUBMIT(.type = "chat", .ms = 5000);
    struct sim_task *held = SUBMIT(.type = "draw", .queue = "slow", .priority = 50), *draw = SUBMIT(.type = "draw", .ms = 10);
    sim_pass(sim, 6000);
    CHECK_TASK(first, "completed");
    CHECK_TASK(chat, "running");
    sim_pass(sim, HOUR);
    CHECK_TASK(draw, "completed");
    CHECK_TASK(held, "pending");
    RIG_CLOSE();
}

TEST(one_that_always_has_something_more_urgent_keeps_another_waiting_for_so_many_minutes)
{
    open_with_one_seat();
    struct sim_task *first = SUBMIT(.type = "speech", .ms = 3000, .priority = 3);
    sim_pass(sim, 2000);
    CHECK_TASK(first, "running");
    struct sim_task *chat = SUBMIT(.type = "chat", .ms = 10);
    int minutes = 0;
    for (int64_t until_ms = sim->mono_ms; rig_look(chat)->life.state == TASK_PENDING && minutes < 10; minutes++)
        for (until_ms += RATION_STEP_MS; sim->mono_ms < until_ms; sim_pass(sim, 1500)) (void)SUBMIT(.type = "speech", .ms = 3000, .priority = 3);
    CHECK_INT(minutes, 4);
    sim_pass(sim, 10000);
    CHECK_TASK(chat, "completed");
    RIG_CLOSE();
}

TEST_MAIN
