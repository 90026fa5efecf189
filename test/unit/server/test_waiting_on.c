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
    CHECK_STR(str_of(waiting_on_reason(&sim->server, &seen, detail)), "dependency");
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

TEST_MAIN
