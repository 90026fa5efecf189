/* SPDX-License-Identifier: Apache-2.0
 *
 * Every task that waits can say why, and those that do not wait say nothing.
 */
#include "server_rig.h"
#include "server/waiting_on.h"

static char detail[WAITING_ON_DETAIL];

static struct str why(const struct sim_task *t)
{
    const char *reason = waiting_on_reason(&sim->server, rig_look(t), detail);
    return reason ? str_of(reason) : STR("-");
}
#define CHECK_DETAIL(part)                                                \
    do {                                                                  \
        if (!strstr(detail, (part))) fprintf(stderr, "detail: %s\n", detail); \
        CHECK(strstr(detail, (part)) != NULL);                            \
    } while (0)

TEST(a_task_that_runs_or_has_ended_waits_for_nothing)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 100), *c = SUBMIT();
    CHECK_STR(why(t), "-");
    rig_cancel(c);
    CHECK_STR(why(c), "-");
    sim_pass(sim, 200);
    CHECK_STR(why(t), "-");
    CHECK_STR(str_of(detail), "");
    RIG_CLOSE();
}

TEST(a_scheduled_task_waits_for_its_time)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 60000);
    CHECK_STR(why(t), "time");
    CHECK_STR(str_of(detail), "until 2023-11-14T22:14:20.000Z");
    RIG_CLOSE();
}

TEST(a_failed_task_waits_for_its_next_try)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "fail done", .retry_ms = 60000);
    sim_pass(sim, 10);
    CHECK_STR(why(t), "retry");
    CHECK_STR(str_of(detail), "until 2023-11-14T22:14:20.000Z");
    RIG_CLOSE();
}

TEST(a_blocked_task_waits_for_another)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    struct task seen = *rig_look(t);
    seen.life.state = TASK_BLOCKED;
    seen.follows = seen.has_leader = true;
    CHECK_STR(str_of(waiting_on_reason(&sim->server, &seen, detail)), "dependency");
    CHECK_STR(str_of(detail), "the result of 00000000-0000-0000-0000-000000000000, an identical task in flight");
    seen.body.key = STR("its own"); /* it holds that: nobody is in its way there */
    seen.has_leader = false;
    CHECK_STR(str_of(waiting_on_reason(&sim->server, &seen, detail)), "dependency");
    CHECK_STR(str_of(detail), "the identical task in flight has ended");
    RIG_CLOSE();
}

TEST(a_paused_queue_is_the_reason_before_all_that_comes_after_it)
{
    rig_open();
    rig_queue("default")->paused = true;
    struct sim_task *t = SUBMIT(), *u = SUBMIT(.type = "forgotten", .queue = "default");
    CHECK_STR(why(t), "queue_paused");
    CHECK_STR(str_of(detail), "queue default is paused");
    CHECK_STR(why(u), "queue_paused");
    RIG_CLOSE();
}

TEST(a_full_queue_says_how_many_run)
{
    rig_open();
    for (int i = 0; i < 2; i++) SUBMIT(.type = "convert", .ms = 1000);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 1000);
    CHECK_STR(why(t), "queue_limit");
    CHECK_STR(str_of(detail), "queue default: 2 of 2 running");
    RIG_CLOSE();
}

static struct sim_conf keyed_conf(void)
{
    static struct config_queue keyed[] = {{.name = "default", .concurrency = 5, .key_concurrency = 2}};
    struct sim_conf conf = rig_conf();
    conf.queues = keyed;
    conf.n_queues = 1;
    return conf;
}

TEST(one_that_others_of_its_key_hold_back_says_how_many_run)
{
    struct sim_conf conf = keyed_conf();
    sim = sim_open(&conf);
    struct sim_task *t[4];
    for (int i = 0; i < 4; i++) t[i] = SUBMIT(.type = "convert", .ms = 1000 * (i + 1), .key = 7);
    struct sim_task *other = SUBMIT(.type = "convert", .ms = 1000, .key = 8);
    CHECK_STR(why(t[1]), "-");
    CHECK_STR(why(other), "-");
    CHECK_STR(why(t[2]), "key");
    CHECK_STR(str_of(detail), "key key 7: 2 of 2 running");
    sim_pass(sim, 1500);
    CHECK_STR(why(t[2]), "-");
    CHECK_STR(why(t[3]), "key");
    sim_pass(sim, 1500);
    CHECK_STR(why(t[3]), "-");
    CHECK_INT(sim->server.keys.holding.n, 0); /* nobody is held any more: nothing is kept */
    RIG_CLOSE();
}

TEST(one_whose_key_has_no_token_says_the_rate_of_its_key_until_one_comes)
{
    static struct config_queue rated[] = {{.name = "default", .concurrency = 5, .key_concurrency = 2, .key_rate = {6, 1, 60000}}};
    struct sim_conf conf = rig_conf();
    conf.queues = rated;
    conf.n_queues = 1;
    sim = sim_open(&conf);
    struct sim_task *t[3];
    for (int i = 0; i < 3; i++) t[i] = SUBMIT(.type = "convert", .ms = 30000, .key = 7);
    struct sim_task *other = SUBMIT(.type = "convert", .ms = 1000, .key = 8);
    CHECK_STR(why(t[0]), "-");
    CHECK_STR(why(other), "-");
    CHECK_STR(why(t[1]), "key_rate");
    CHECK_STR(str_of(detail), "key key 7: 6/m burst 1");
    sim_wall_jump(sim, -36000000);
    sim_pass(sim, 9999);
    CHECK_STR(why(t[1]), "key_rate");
    sim_pass(sim, 1);
    CHECK_STR(why(t[1]), "-");
    CHECK_STR(why(t[2]), "key"); /* two run: that is what it waits for then, whatever tokens there are */
    CHECK_STR(str_of(detail), "key key 7: 2 of 2 running");
    sim_pass(sim, 60000);
    CHECK_INT(sim->server.keys.holding.n, 0);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 4);
    RIG_CLOSE();
}

TEST(those_of_a_key_that_come_first_and_wait_for_something_else_are_told)
{
    struct sim_conf conf = keyed_conf();
    sim = sim_open(&conf);
    struct sim_task *running = SUBMIT(.type = "convert", .ms = 100000, .key = 7);
    CHECK_STR(why(running), "-");
    sim->processes.load_ms = 30000;
    struct sim_task *first = SUBMIT(.ms = 10, .key = 7), *held = SUBMIT(.type = "convert", .key = 7);
    CHECK_STR(why(first), "worker_start");
    CHECK_STR(why(held), "key");
    CHECK_STR(str_of(detail), "key key 7: 1 of 2 running, 1 next in line");
    RIG_CLOSE();
}

TEST(limits_are_declared_again_until_the_store_has_heard)
{
    struct sim_conf conf = keyed_conf();
    sim = sim_new(&conf);
    sim->store.rules[STORE_DECLARE].fail_next = 3;
    sim_start(sim);
    CHECK_INT(sim->serving, 0); /* nothing is claimed before */
    sim_pass(sim, 5000);
    CHECK_INT(sim->serving, 1);
    for (int i = 0; i < 3; i++) SUBMIT(.type = "convert", .ms = 1000, .key = 7);
    struct sim_task *held = SUBMIT(.type = "convert", .key = 7);
    CHECK_STR(why(held), "key");
    RIG_CLOSE();
}

TEST(a_drain_does_not_wait_for_limits_that_cannot_be_declared)
{
    struct sim_conf conf = keyed_conf();
    sim = sim_new(&conf);
    sim->store.rules[STORE_DECLARE].fail_next = 1000;
    sim_start(sim);
    sim_pass(sim, 1500);
    RIG_CLOSE();
}

TEST(a_queue_or_type_that_is_gone_from_the_configuration_is_named)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "forgotten", .queue = "default"), *u = SUBMIT(.type = "convert", .queue = "gone");
    CHECK_STR(why(t), "worker_broken");
    CHECK_STR(str_of(detail), "type forgotten is not declared in the configuration any more");
    CHECK_STR(why(u), "worker_broken");
    CHECK_STR(str_of(detail), "queue gone is not declared in the configuration any more");
    RIG_CLOSE();
}

TEST(a_worker_that_loads_is_the_reason_until_it_is_ready)
{
    rig_open();
    sim->processes.load_ms = 30000;
    struct sim_task *t = SUBMIT(.ms = 10);
    CHECK_STR(why(t), "worker_start");
    CHECK_DETAIL("worker speech is starting");
    sim_pass(sim, 30000);
    CHECK_STR(why(t), "-");
    RIG_CLOSE();
}

TEST(a_worker_that_failed_to_start_says_why_and_when_it_is_tried_again)
{
    static struct worker_pool_conf one[] = {{.name = "speech", .command = sim_worker_command, .instances = 1}};
    struct sim_conf conf = rig_conf();
    conf.pools = one;
    sim = sim_open(&conf);
    sim->processes.fail_loads = 1;
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 1500);
    CHECK_STR(why(t), "worker_start");
    CHECK_DETAIL("out of GPU memory");
    CHECK_DETAIL("tried again in");
    RIG_CLOSE();
}

TEST(a_task_whose_worker_needs_what_others_hold_says_what)
{
    static const struct ration_amount whole[] = {{"vram", INT64_C(24) << 30, true}, {0}},
                                      most[] = {{"vram", INT64_C(20) << 30, true}, {0}}, some[] = {{"vram", INT64_C(6) << 30, true}, {0}};
    static const char *const big[] = {"sim", "big", NULL};
    static struct worker_pool_conf two[] = {
        {.name = "big", .command = big, .instances = 1, .needs = most, .prefer_warm = 4},
        {.name = "speech", .command = sim_worker_command, .instances = 1, .keep_alive_ms = 600000, .needs = some, .prefer_warm = 4}};
    static const struct config_type of_two[] = {{.name = "draw", .worker = "big"}, {.name = "transcribe", .worker = "speech"}};
    struct sim_conf conf = rig_conf();
    conf.resources = whole, conf.pools = two, conf.n_pools = 2, conf.types = of_two, conf.n_types = 2;
    sim = sim_open(&conf);
    struct sim_task *first = RUNNING(.type = "transcribe", .ms = 5000), *t = SUBMIT(.type = "draw", .ms = 10);
    CHECK_STR(why(t), "worker_start");
    CHECK_DETAIL("worker big waits for vram: 18G of 24G free, needs 20G");
    sim_pass(sim, 20000);
    CHECK_TASK(first, "completed");
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_worker_that_fails_every_time_is_broken)
{
    rig_open();
    sim->processes.fail_loads = 1000;
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_pass(sim, 120000);
    CHECK_STR(why(t), "worker_broken");
    CHECK_DETAIL("out of GPU memory");
    CHECK(strlen(detail) < WAITING_ON_DETAIL);
    RIG_CLOSE();
}

TEST(a_program_that_could_not_be_started_says_why)
{
    rig_open();
    sim->processes.fail_starts = 1;
    struct sim_task *t = SUBMIT(.type = "convert");
    CHECK_STR(why(t), "worker_broken");
    CHECK_DETAIL("no more processes");
    sim_pass(sim, 1000);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_busy_pool_is_named_when_its_queue_has_room)
{
    static struct config_queue wide[] = {{.name = "default", .concurrency = 10}};
    struct sim_conf conf = rig_conf();
    conf.queues = wide;
    conf.n_queues = 1;
    sim = sim_open(&conf);
    for (int i = 0; i < 2; i++) SUBMIT(.ms = 100000);
    sim_pass(sim, 2000);
    struct sim_task *t = SUBMIT(.ms = 10);
    CHECK_STR(why(t), "queue_limit");
    CHECK_DETAIL("worker speech: all its processes are busy");
    RIG_CLOSE();
}

TEST(a_task_whose_time_has_come_is_asked_for_what_comes_after)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    rig_queue("default")->paused = true;
    sim->store.rules[STORE_TICK].fail_next = 1000; /* not promoted yet */
    sim_pass(sim, 2000);
    CHECK_TASK(t, "scheduled");
    CHECK_STR(why(t), "queue_paused");
    RIG_CLOSE();
}

TEST(a_task_whose_time_has_come_waits_for_it_until_the_store_has_said_so_when_nothing_else_holds_it)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    struct sim_task *again = SUBMIT(.type = "convert", .plan = "fail done", .retry_ms = 1000);
    sim->store.rules[STORE_TICK].fail_next = 1000;
    sim_pass(sim, 2000);
    CHECK_TASK(t, "scheduled");
    CHECK_TASK(again, "scheduled");
    CHECK_STR(why(t), "time");
    CHECK_STR(str_of(detail), "until 2023-11-14T22:13:21.000Z");
    CHECK_STR(why(again), "retry");
    RIG_CLOSE();
}

TEST_MAIN
