/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt from its claim to the commit of its verdict: every way it can end, stops, a store that does not take
 * the verdict, a start that fails.
 */
#include "server_rig.h"

#define HOUR INT64_C(3600000)

static int settles(void) { return sim->store.n[STORE_SETTLE]; }

TEST(a_done_attempt_completes_its_task_with_the_result)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 500);
    sim_pass(sim, 500);
    CHECK_TASK(t, "completed");
    CHECK_STR(rig_look(t)->ending.result, "{\"attempt\":1}");
    CHECK_INT(t->told, 1);
    CHECK_INT(settles(), 1);
    CHECK_INT(sim->server.run_by_id.n, 0);
    RIG_CLOSE();
}

TEST(a_failed_attempt_is_tried_again_and_the_last_one_ends_the_task)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "fail", .ms = 10, .max_attempts = 2, .retry_ms = 5000);
    sim_pass(sim, 20);
    CHECK_TASK(t, "scheduled");
    CHECK_STR(rig_look(t)->last.code, "quota");
    CHECK_INT(rig_look(t)->last.attempt, 1);
    CHECK_INT(t->told, 0);
    sim_pass(sim, 6000);
    CHECK_TASK(t, "failed");
    CHECK_CODE(t, "quota");
    CHECK_INT(rig_look(t)->ending.failure.attempt, 2);
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(a_task_that_ends_its_worker_three_times_is_poison_and_its_neighbours_complete)
{
    rig_open();
    struct sim_task *bad = SUBMIT(.plan = "crash", .ms = 100, .max_attempts = 100), *good[10];
    for (int i = 0; i < 10; i++) good[i] = SUBMIT(.ms = 100);
    sim_pass(sim, HOUR);
    CHECK_TASK(bad, "failed");
    CHECK_CODE(bad, "poison");
    CHECK_INT(sim->processes.crashes, 3);
    for (int i = 0; i < 10; i++) CHECK_TASK(good[i], "completed");
    RIG_CLOSE();
}

TEST(poison_tasks_do_not_break_the_pool_for_their_neighbours)
{
    rig_open();
    struct sim_task *bad[4], *good;
    for (int i = 0; i < 4; i++) bad[i] = SUBMIT(.plan = "crash", .ms = 100, .max_attempts = 100, .retry_ms = 1);
    good = SUBMIT(.ms = 100, .delay_ms = 20000);
    sim_pass(sim, 60000); /* twelve deaths, which would be five minutes of a broken place */
    for (int i = 0; i < 4; i++) CHECK_CODE(bad[i], "poison");
    CHECK_TASK(good, "completed");
    RIG_CLOSE();
}

TEST(junk_counts_as_a_death_of_the_worker)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "junk done", .ms = 100);
    sim_pass(sim, HOUR);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.deaths, 1);
    CHECK_INT(rig_look(t)->life.failures, 0);
    RIG_CLOSE();
}

/* ---- timeout ---- */

TEST(a_timeout_asks_the_worker_to_stop_and_fails_the_attempt)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "hang done", .timeout_ms = 5000, .ms = 10);
    sim_pass(sim, 4999);
    CHECK_INT(sim->processes.cancels, 0);
    CHECK_TASK(t, "running");
    sim_pass(sim, 1);
    CHECK_INT(sim->processes.cancels, 1);
    sim_pass(sim, 100);
    CHECK_TASK(t, "scheduled");
    CHECK_STR(rig_look(t)->last.code, "timeout");
    sim_pass(sim, 2000);
    CHECK_TASK(t, "completed");
    CHECK_INT(sim->processes.started, 1); /* one that obeys keeps its process */
    CHECK_INT(sim->processes.terms, 0);
    RIG_CLOSE();
}

TEST(a_worker_that_ignores_the_request_is_ended_by_sigterm_at_half_the_grace)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "deaf", .timeout_ms = 5000, .grace_ms = 4000, .max_attempts = 1);
    sim_pass(sim, 5000 + 1999);
    CHECK_INT(sim->processes.terms, 0);
    CHECK_TASK(t, "running");
    sim_pass(sim, 1);
    CHECK_INT(sim->processes.terms, 1);
    CHECK_INT(sim->processes.kills, 0);
    CHECK_TASK(t, "failed");
    CHECK_CODE(t, "timeout");
    CHECK_INT(rig_look(t)->life.deaths, 0);
    RIG_CLOSE();
}

TEST(a_worker_that_ignores_everything_is_dead_at_the_end_of_its_grace)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "stubborn", .timeout_ms = 5000, .grace_ms = 4000, .max_attempts = 1);
    sim_pass(sim, 5000 + 4000);
    CHECK_INT(sim->processes.kills, 1);
    CHECK_TASK(t, "failed");
    CHECK_CODE(t, "timeout");
    RIG_CLOSE();
}

TEST(a_done_that_comes_after_the_timeout_wins)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "late", .timeout_ms = 5000);
    sim_pass(sim, 5100);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(an_exec_attempt_times_out_the_same_way)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "stubborn", .timeout_ms = 5000, .grace_ms = 3000, .max_attempts = 1);
    sim_pass(sim, 5000);
    CHECK_INT(sim->processes.terms, 1);
    sim_pass(sim, 2999);
    CHECK_TASK(t, "running");
    sim_pass(sim, 1);
    CHECK_TASK(t, "failed");
    CHECK_CODE(t, "timeout");
    RIG_CLOSE();
}

TEST(the_time_of_an_attempt_begins_anew_with_the_next)
{
    rig_open();
    struct sim_task *t = RUNNING(.plan = "fail done", .ms = 4000, .timeout_ms = 5000, .retry_ms = 100);
    sim_pass(sim, 10000);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

/* ---- a store that does not take the verdict ---- */

TEST(a_verdict_is_tried_until_the_store_takes_it_and_ends_the_task_once)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim->store.rules[STORE_SETTLE].fail_next = 7;
    sim_pass(sim, 10);
    int64_t waits_ms[] = {250, 500, 1000, 2000, 4000, 5000, 5000};
    for (size_t i = 0; i < N(waits_ms); i++) {
        CHECK_INT(settles(), i + 1);
        sim_pass(sim, waits_ms[i] - 1);
        CHECK_INT(settles(), i + 1);
        CHECK_TASK(t, "running");
        CHECK_INT(t->told, 0);
        sim_pass(sim, 1);
    }
    CHECK_TASK(t, "completed");
    CHECK_INT(settles(), 8);
    CHECK_INT(t->told, 1);
    sim_pass(sim, HOUR);
    CHECK_INT(settles(), 8);
    CHECK_INT(t->told, 1);
    CHECK_INT(rig_look(t)->ending.finished_at_ms - rig_look(t)->life.started_at_ms, 10 + 17750);
    RIG_CLOSE();
}

TEST(a_worker_works_on_while_the_store_does_not_take_the_verdict_before)
{
    rig_open();
    sim->store.rules[STORE_SETTLE].fail_next = 3;
    struct sim_task *t[6];
    for (int i = 0; i < 6; i++) t[i] = SUBMIT(.type = "convert", .ms = 100);
    sim_pass(sim, 300);
    CHECK_TASK(t[0], "running"); /* as far as the store knows */
    CHECK_TASK(t[5], "completed");
    sim_pass(sim, 10000);
    for (int i = 0; i < 6; i++) CHECK_INT(t[i]->told, 1);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 6);
    RIG_CLOSE();
}

TEST(a_verdict_with_a_stale_fence_is_refused)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 60000);
    struct run *r = server_run(&sim->server, &t->body.id);
    uint64_t fence = r->attempt.fence;
    const struct life_rules rules = t->body.rules;
    struct store_settle_item item = {
        .attempt = {.id = t->body.id, .run = 1, .number = 1, .fence = fence ^ 1, .verdict = LIFE_DONE},
        .rules = &rules,
        .result = STR("\"forged\"")};
    struct store_settle forged = {.items = &item, .n = 1};
    store_settle(&sim->store.store, &forged, store_release, NULL);
    sim_run(sim);
    CHECK_INT(item.err, ERR_STALE);
    CHECK_TASK(t, "running");
    sim_pass(sim, 60000);
    CHECK_STR(rig_look(t)->ending.result, "{\"attempt\":1}");
    item.attempt.fence = fence; /* the right one, but too late */
    forged = (struct store_settle){.items = &item, .n = 1};
    store_settle(&sim->store.store, &forged, store_release, NULL);
    sim_run(sim);
    CHECK_INT(item.err, ERR_STALE);
    CHECK_STR(rig_look(t)->ending.result, "{\"attempt\":1}");
    RIG_CLOSE();
}

/* Somebody else has ended the attempt (a second verdict, another node): the run goes, nobody is told again. */
TEST(a_run_whose_verdict_is_refused_is_over_and_tells_nobody)
{
    rig_open();
    struct sim_task *t = RUNNING(.ms = 60000);
    struct run *r = server_run(&sim->server, &t->body.id);
    const struct life_rules rules = t->body.rules;
    struct store_settle_item item = {
        .attempt = {.id = t->body.id, .run = 1, .number = 1, .fence = r->attempt.fence, .verdict = LIFE_DONE},
        .rules = &rules,
        .result = STR("\"first\"")};
    struct store_settle first = {.items = &item, .n = 1};
    store_settle(&sim->store.store, &first, store_release, NULL);
    sim_run(sim);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 60000);
    CHECK_STR(rig_look(t)->ending.result, "\"first\"");
    CHECK_INT(sim->check.stale, 1);
    CHECK_INT(sim->server.run_by_id.n, 0);
    CHECK_INT(rig_queue("default")->running, 0);
    CHECK_INT(t->told, 0);
    RIG_CLOSE();
}

/* The next attempt is there before the answer to the verdict of the one before. */
TEST(an_answer_that_comes_late_does_not_hide_the_next_attempt)
{
    rig_open();
    sim->store.rules[STORE_SETTLE].out_ms = 500;
    struct sim_task *t = SUBMIT(.type = "convert", .plan = "fail hang", .retry_ms = 10);
    sim_pass(sim, 1000);
    CHECK_INT(rig_look(t)->life.attempt, 2);
    const struct run *r = server_run(&sim->server, &t->body.id);
    CHECK(r && r->attempt.number == 2);
    rig_cancel(t);
    sim_pass(sim, 1000);
    CHECK_TASK(t, "cancelled");
    CHECK_INT(sim->server.run_by_id.n, 0);
    RIG_CLOSE();
}

/* ---- a start that fails ---- */

TEST(an_attempt_that_cannot_be_started_is_released_and_its_post_is_left_alone_for_a_second)
{
    rig_open();
    struct sim_task *first = SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    CHECK_TASK(first, "completed");
    sim->processes.fail_sends = 1;
    struct sim_task *t = SUBMIT(.ms = 10);
    CHECK_TASK(t, "pending");
    CHECK_INT(rig_look(t)->life.failures, 0);
    CHECK_INT(rig_look(t)->life.attempt, 0); /* as if it had never been claimed */
    struct sim_task *exec = SUBMIT(.type = "convert", .ms = 1); /* another post is not held */
    sim_pass(sim, 999);
    CHECK_TASK(exec, "completed");
    CHECK_TASK(t, "pending");
    sim_pass(sim, HOUR);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK_INT(rig_queue("default")->running, 0);
    RIG_CLOSE();
}

TEST(a_process_that_ends_as_it_is_given_a_task_is_no_reason_for_its_pool_to_rest)
{
    rig_open();
    struct sim_task *both[2];
    for (size_t i = 0; i < N(both); i++) both[i] = SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    CHECK_INT(sim_process_count(&sim->processes), 2);
    struct sim_task *first = SUBMIT(.ms = 300);
    CHECK_TASK(first, "running");
    sim->processes.gone_sends = 1;
    struct sim_task *t = SUBMIT(.ms = 10);
    CHECK_INT(sim->processes.gone_sends, 0);
    CHECK_TASK(t, "pending");
    CHECK_INT(rig_look(t)->life.attempt, 0); /* as if it had never been claimed */
    sim_pass(sim, 400); /* the other process takes it as soon as it can */
    CHECK_TASK(first, "completed");
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.attempt, 1);
    for (size_t i = 0; i < N(both); i++) CHECK_TASK(both[i], "completed");
    RIG_CLOSE();
}

TEST(of_two_processes_the_other_is_given_what_one_could_not_take_any_more)
{
    rig_open();
    for (int i = 0; i < 2; i++) (void)SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    sim->processes.gone_sends = 1;
    struct sim_task *t = SUBMIT(.ms = 500);
    CHECK_INT(sim->processes.gone_sends, 0);
    CHECK_TASK(t, "running");
    RIG_CLOSE();
}

TEST(a_system_without_processes_is_tried_less_and_less_often)
{
    rig_open();
    sim->processes.fail_starts = 5;
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10), *u = SUBMIT(.type = "convert", .ms = 10);
    CHECK_INT(sim->processes.fail_starts, 4); /* after it, hands off for a second */
    sim_pass(sim, 999);
    CHECK_INT(sim->processes.fail_starts, 4);
    sim_pass(sim, 2000);
    CHECK_INT(sim->processes.fail_starts, 2); /* two that failed together count once: two seconds */
    sim_pass(sim, 1 + 3999);
    CHECK_INT(sim->processes.fail_starts, 0);
    CHECK_TASK(t, "pending");
    sim_pass(sim, 20);
    CHECK_TASK(t, "completed");
    CHECK_TASK(u, "completed");
    CHECK_INT(rig_look(t)->life.failures, 0);
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK_INT(sim_dirs(sim), 0);
    sim->processes.fail_starts = 1; /* a start that worked: from the beginning */
    struct sim_task *again = SUBMIT(.type = "convert");
    sim_pass(sim, 1000);
    CHECK_TASK(again, "completed");
    RIG_CLOSE();
}

TEST(a_keeper_without_processes_costs_the_task_nothing_either)
{
    rig_open();
    sim->processes.fail_forks = 3;
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    CHECK_INT(sim->processes.fail_forks, 2);
    sim_pass(sim, 999);
    CHECK_INT(sim->processes.fail_forks, 2); /* hands off for a second */
    CHECK_TASK(t, "pending");
    sim_pass(sim, HOUR);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.failures, 0);
    CHECK_INT(rig_look(t)->life.attempt, 1);
    CHECK_INT(sim_dirs(sim), 0);
    RIG_CLOSE();
}

TEST(a_worker_that_dies_while_a_claim_is_on_its_way_costs_the_task_nothing)
{
    rig_open();
    SUBMIT(.ms = 10);
    sim_pass(sim, 2000);
    sim->store.rules[STORE_CLAIM].in_ms = 100;
    struct sim_task *t = SUBMIT(.ms = 10);
    sim_process_kill_all(&sim->processes);
    sim_pass(sim, 200);
    CHECK_TASK(t, "pending");
    sim_pass(sim, 60000);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.deaths + rig_look(t)->life.failures, 0);
    RIG_CLOSE();
}

TEST_MAIN
