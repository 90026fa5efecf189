/* SPDX-License-Identifier: Apache-2.0
 *
 * What has come due: scheduled tasks start when their time is there and not before, late ones expire, jumps of the
 * wall clock delay nothing for long and start nothing early, a store that is away is asked again and not hammered.
 */
#include "server_rig.h"

#define HOUR INT64_C(3600000)

static int ticks(void) { return sim->store.n[STORE_TICK]; }

TEST(a_scheduled_task_starts_when_it_is_due_and_not_before)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10, .delay_ms = 5 * HOUR);
    CHECK_TASK(t, "scheduled");
    sim_pass(sim, 5 * HOUR - 1);
    CHECK_TASK(t, "scheduled");
    CHECK_INT(ticks(), 0);
    sim_pass(sim, 1);
    CHECK_TASK(t, "running");
    CHECK_INT(ticks(), 1);
    CHECK_INT(rig_look(t)->life.started_at_ms, t->body.run_at_ms);
    sim_pass(sim, 10);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(nothing_waits_for_a_time_and_nothing_ticks)
{
    rig_open();
    SUBMIT(.type = "convert", .ms = 10);
    sim_pass(sim, 24 * HOUR);
    CHECK_INT(ticks(), 0);
    CHECK(!timer_is_set(&sim->server.ticker.timer));
    RIG_CLOSE();
}

TEST(an_earlier_one_moves_the_timer_forward_and_a_cancelled_one_back)
{
    rig_open();
    struct sim_task *late = SUBMIT(.type = "convert", .delay_ms = 2 * HOUR);
    struct sim_task *early = SUBMIT(.type = "convert", .delay_ms = HOUR);
    struct sim_task *first = SUBMIT(.type = "convert", .delay_ms = 1000);
    rig_cancel(first);
    sim_pass(sim, HOUR);
    CHECK_TASK(early, "completed");
    CHECK_TASK(late, "scheduled");
    CHECK_INT(ticks(), 1);
    sim_pass(sim, HOUR);
    CHECK_TASK(late, "completed");
    RIG_CLOSE();
}

TEST(more_than_one_tick_can_take_come_due_at_one_moment)
{
    rig_open();
    for (int i = 0; i < 2 * TICKER_MOST + 100; i++)
        sim_submit(&sim->client, &(struct sim_ask){.type = "convert", .delay_ms = HOUR});
    sim_pass(sim, HOUR);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], 2 * TICKER_MOST + 100);
    CHECK_INT(ticks(), 3);
    RIG_CLOSE();
}

TEST(a_task_that_has_not_started_by_its_time_expires_and_its_waiters_are_told)
{
    rig_open();
    rig_queue("default")->paused = true;
    struct sim_task *t = SUBMIT(.type = "convert", .start_in_ms = 30000);
    sim_pass(sim, 30000);
    CHECK_TASK(t, "pending"); /* the moment itself is in time */
    CHECK_INT(t->told, 0);
    sim_pass(sim, 1);
    CHECK_TASK(t, "expired");
    CHECK_CODE(t, "expired");
    CHECK_INT(t->told, 1);
    RIG_CLOSE();
}

TEST(a_task_that_runs_or_is_tried_again_does_not_expire)
{
    rig_open();
    struct sim_task *runs = SUBMIT(.type = "convert", .ms = 60000, .start_in_ms = 1000);
    struct sim_task *again = SUBMIT(.type = "convert", .plan = "fail done", .start_in_ms = 1000, .retry_ms = 60000);
    sim_pass(sim, 130000);
    CHECK_TASK(runs, "completed");
    CHECK_TASK(again, "completed");
    RIG_CLOSE();
}

TEST(a_wall_clock_that_jumps_forward_delays_nothing_for_more_than_a_minute)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 10 * HOUR), *u = SUBMIT(.type = "convert", .delay_ms = 20 * HOUR);
    sim_pass(sim, HOUR);
    sim_wall_jump(sim, 9 * HOUR);
    sim_run(sim);
    CHECK_TASK(t, "completed");
    CHECK_TASK(u, "scheduled");
    CHECK_INT(ticks(), 1);
    RIG_CLOSE();
}

TEST(a_task_for_tomorrow_wakes_nobody_before)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 24 * HOUR);
    sim_pass(sim, HOUR);
    CHECK(turn_next_ms(&sim->turn) > 22 * HOUR);
    sim_pass(sim, 23 * HOUR - 1);
    CHECK_TASK(t, "scheduled");
    sim_pass(sim, 1);
    CHECK(rig_look(t)->life.state != TASK_SCHEDULED);
    CHECK_INT(ticks(), 1);
    RIG_CLOSE();
}

TEST(a_wall_clock_that_jumps_back_starts_nothing_early)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = HOUR);
    sim_pass(sim, HOUR - 1000);
    sim_wall_jump(sim, -10 * HOUR);
    sim_pass(sim, 10 * HOUR);
    CHECK_TASK(t, "scheduled");
    CHECK_INT(ticks(), 1); /* to hear whether something is due after so long, not at a moment */
    sim_pass(sim, 1000);
    CHECK_TASK(t, "completed");
    CHECK(rig_look(t)->life.started_at_ms >= t->body.run_at_ms);
    RIG_CLOSE();
}

TEST(a_jump_of_the_wall_clock_ends_no_running_attempt)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10000, .timeout_ms = 20000);
    sim_pass(sim, 1000);
    sim_wall_jump(sim, 1000 * HOUR);
    sim_pass(sim, 5000);
    CHECK_TASK(t, "running");
    sim_wall_jump(sim, -2000 * HOUR);
    sim_pass(sim, 4000);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->life.attempt, 1);
    RIG_CLOSE();
}

TEST(a_store_that_is_away_is_asked_once_a_second_until_it_answers)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    sim->store.rules[STORE_TICK].fail_next = 5;
    sim_pass(sim, 1000 + 4 * TICKER_STORE_AWAY_MS);
    CHECK_INT(ticks(), 5);
    CHECK_TASK(t, "scheduled");
    sim_pass(sim, TICKER_STORE_AWAY_MS);
    CHECK_INT(ticks(), 6);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

/* What was due is gone before the failed tick is answered: there is nothing to ask for any more. */
TEST(a_tick_that_fails_after_its_task_was_cancelled_leaves_no_timer)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    sim->store.rules[STORE_TICK] = (struct sim_rule){.in_ms = 100, .fail_next = 1};
    sim_pass(sim, 1050);
    rig_cancel(t);
    CHECK_TASK(t, "cancelled");
    sim_pass(sim, HOUR);
    CHECK_INT(ticks(), 1);
    CHECK_STR(str_of(sim->check.broken), "");
    RIG_CLOSE();
}

TEST(a_tick_that_fails_does_not_hide_what_comes_due_next)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    sim->store.rules[STORE_TICK] = (struct sim_rule){.in_ms = 100, .fail_next = 1};
    sim_pass(sim, 1050);
    struct sim_task *u = SUBMIT(.type = "convert", .delay_ms = HOUR);
    rig_cancel(t);
    sim_pass(sim, HOUR + 100);
    CHECK_TASK(u, "completed");
    CHECK_INT(ticks(), 2);
    RIG_CLOSE();
}

TEST(what_is_submitted_while_a_tick_is_on_its_way_is_not_forgotten)
{
    rig_open();
    struct sim_task *t = SUBMIT(.type = "convert", .delay_ms = 1000);
    sim->store.rules[STORE_TICK].in_ms = 500;
    sim_pass(sim, 1200);
    struct sim_task *u = SUBMIT(.type = "convert", .delay_ms = 100);
    sim_pass(sim, 1200);
    CHECK_TASK(t, "completed");
    CHECK_TASK(u, "completed");
    RIG_CLOSE();
}

TEST_MAIN
