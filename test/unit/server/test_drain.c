/* SPDX-License-Identifier: Apache-2.0
 *
 * Starting and stopping the server: what runs may finish, what does not finish is given back, nothing new is claimed,
 * and it ends whatever the store does meanwhile.
 */
#include "server_rig.h"

static void prepare(void)
{
    struct sim_conf conf = rig_conf();
    sim = sim_new(&conf);
}

TEST(a_server_without_tasks_drains_at_once)
{
    rig_open();
    sim_drain(sim);
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

TEST(idle_workers_are_ended)
{
    rig_open();
    SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    CHECK_INT(sim_process_count(&sim->processes), 1);
    sim_drain(sim);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 100);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim_process_count(&sim->processes), 0);
    CHECK_INT(sim->processes.stops, 1);
    CHECK_INT(sim->processes.terms + sim->processes.kills, 0);
    RIG_CLOSE();
}

TEST(what_runs_may_finish_and_what_waits_stays_pending)
{
    rig_open();
    struct sim_task *a = SUBMIT(.ms = 20000), *b = SUBMIT(.type = "convert", .ms = 25000), *c = SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    sim_drain(sim);
    struct sim_task *late = SUBMIT(.type = "convert");
    sim_pass(sim, 19500);
    CHECK_TASK(a, "completed");
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 5000);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(b, "completed");
    CHECK_TASK(c, "pending");
    CHECK_TASK(late, "pending");
    CHECK_INT(sim->processes.cancels, 0);
    RIG_CLOSE();
}

TEST(what_does_not_finish_in_30_seconds_is_given_back)
{
    rig_open();
    struct sim_task *a = SUBMIT(.ms = 3600000), *b = SUBMIT(.type = "convert", .plan = "hang");
    sim_pass(sim, 2000);
    int64_t rank = rig_look(a)->life.rank;
    sim_drain(sim);
    sim_pass(sim, SERVER_DRAIN_MS - 1);
    CHECK_TASK(a, "running");
    sim_pass(sim, 100);
    CHECK_TASK(a, "pending");
    CHECK_TASK(b, "pending");
    CHECK_INT(rig_look(a)->life.rank, rank); /* its old place */
    CHECK_INT(rig_look(a)->life.failures, 0);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(a->told + b->told, 0);
    RIG_CLOSE();
}

TEST(a_worker_that_obeys_nothing_is_dead_within_its_grace_after_the_deadline)
{
    rig_open();
    struct sim_task *t = SUBMIT(.plan = "stubborn", .grace_ms = 4000);
    sim_pass(sim, 2000);
    sim_drain(sim);
    sim_pass(sim, SERVER_DRAIN_MS + 4001);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim->processes.kills, 1);
    CHECK_TASK(t, "pending");
    RIG_CLOSE();
}

TEST(hurry_gives_back_at_once)
{
    rig_open();
    struct sim_task *t = SUBMIT(.ms = 3600000);
    sim_pass(sim, 2000);
    sim_drain(sim);
    sim_pass(sim, 1000);
    server_hurry(&sim->server);
    sim_pass(sim, 100);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(t, "pending");
    RIG_CLOSE();
}

TEST(a_cancelled_task_is_cancelled_by_a_drain_too)
{
    rig_open();
    struct sim_task *t = SUBMIT(.plan = "heedless", .ms = 3600000, .grace_ms = 100000);
    sim_pass(sim, 2000);
    rig_cancel(t);
    sim_drain(sim);
    server_hurry(&sim->server);
    sim_pass(sim, 60000);
    CHECK_TASK(t, "cancelled");
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(asking_for_a_drain_twice_is_asking_once)
{
    rig_open();
    SUBMIT(.type = "convert", .ms = 1000);
    sim_drain(sim);
    sim_drain(sim);
    sim_pass(sim, 5000);
    sim_drain(sim);
    sim_pass(sim, 100000);
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

TEST(a_claim_on_its_way_is_waited_for_and_run)
{
    rig_open();
    sim->store.rules[STORE_CLAIM].in_ms = 500;
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 1000);
    CHECK_INT(sim->server.dispatch.claims, 1);
    sim_drain(sim);
    sim_pass(sim, 400);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 1200);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_tick_on_its_way_is_waited_for)
{
    rig_open();
    SUBMIT(.type = "convert", .delay_ms = 1000);
    sim->store.rules[STORE_TICK].in_ms = 500;
    sim_pass(sim, 1100);
    CHECK_INT(sim->store.outstanding, 1);
    sim_drain(sim);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 500);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim->store.outstanding, 0);
    RIG_CLOSE();
}

TEST(a_verdict_that_is_not_committed_is_waited_for)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim->store.rules[STORE_SETTLE].fail_next = 6;
    sim_pass(sim, 20);
    sim_drain(sim);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 20000);
    CHECK_INT(sim->drained, 1);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(the_server_serves_when_the_store_has_told_what_stands)
{
    prepare();
    sim->store.rules[STORE_COUNTS].fail_next = 3;
    sim_start(sim);
    struct sim_task *t = SUBMIT(.type = "convert");
    sim_pass(sim, 2999);
    CHECK_INT(sim->serving, 0);
    CHECK_TASK(t, "pending");
    sim_pass(sim, 1);
    CHECK_INT(sim->serving, 1);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_drain_before_the_store_has_answered_the_first_time_waits_for_the_answer)
{
    prepare();
    sim->store.rules[STORE_COUNTS].in_ms = 2000;
    sim_start(sim);
    struct sim_task *t = SUBMIT(.type = "convert");
    sim_drain(sim);
    sim_pass(sim, 1000);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 1001);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim->serving, 0);
    CHECK_INT(sim->store.outstanding, 0);
    CHECK_TASK(t, "pending");
    RIG_CLOSE();
}

TEST(a_drain_ends_though_the_store_never_answered)
{
    prepare();
    sim->store.away = true;
    sim_start(sim);
    sim_pass(sim, 10500); /* between two questions */
    sim_drain(sim);
    sim_pass(sim, 1000);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim->serving, 0);
    CHECK_INT(sim->store.outstanding, 0);
    RIG_CLOSE();
}

TEST(a_drain_ends_when_the_first_question_fails_under_way)
{
    prepare();
    sim->store.rules[STORE_COUNTS] = (struct sim_rule){.in_ms = 500, .fail_next = 1};
    sim_start(sim);
    sim_drain(sim);
    CHECK_INT(sim->drained, 0);
    sim_pass(sim, 500);
    CHECK_INT(sim->drained, 1);
    CHECK_INT(sim->store.n[STORE_COUNTS], 1);
    RIG_CLOSE();
}

TEST_MAIN
