/* SPDX-License-Identifier: Apache-2.0
 *
 * Retention over a whole server on a virtual clock: what is due goes within its time, parts before the record, the newest
 * by number, never a task that lives; an idle server does not wake up; a pass that was asked for.
 */
#include "server_rig.h"


#define DAY (INT64_C(24) * 3600 * 1000)

static void open_with(const struct retain_rules *rules)
{
    struct sim_conf conf = rig_conf();
    conf.retain = rules;
    sim = sim_open(&conf);
}

static const struct retention *retention(void) { return &sim->server.retention; }

TEST(a_record_goes_when_its_age_is_reached_and_not_before)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = 7 * DAY;
    open_with(&rules);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 100), *failed = SUBMIT(.type = "convert", .plan = "fail", .max_attempts = 1);
    sim_pass(sim, 1000);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 7 * DAY - 2000);
    CHECK_TASK(t, "completed");
    sim_pass(sim, RETENTION_EVERY_MS + 3000);
    CHECK(rig_look(t) == NULL);
    CHECK_TASK(failed, "failed"); /* for that status there is no age */
    CHECK_INT(retention()->total.records, 1);
    RIG_CLOSE();
}

TEST(rules_of_seconds_are_looked_after_in_seconds_also_when_a_task_has_a_wish_of_its_own)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = 2000;
    open_with(&rules);
    retention_wish(&sim->server.retention);
    sim_pass(sim, 1000);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 100);
    sim_pass(sim, 1500);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 3000);
    CHECK(rig_look(t) == NULL);
    RIG_CLOSE();
}

TEST(an_idle_server_has_nothing_to_wake_up_for_when_everything_is_kept)
{
    open_with(NULL);
    SUBMIT(.type = "convert", .ms = 100);
    sim_pass(sim, 3 * RETENTION_EVERY_MS);
    CHECK_INT(retention()->state, RETENTION_RESTING);
    CHECK(!timer_is_set(&retention()->timer));
    RIG_CLOSE();
}

TEST(with_an_age_of_days_it_looks_once_and_then_when_something_is_due)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = 7 * DAY;
    open_with(&rules);
    SUBMIT(.type = "convert", .ms = 100);
    sim_pass(sim, 3 * RETENTION_EVERY_MS);
    int before = sim->store.n[STORE_KEPT];
    sim_pass(sim, DAY);
    CHECK(sim->store.n[STORE_KEPT] - before <= 1);
    RIG_CLOSE();
}

TEST(a_clock_that_runs_slow_does_not_put_a_pass_off)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = 7 * DAY;
    open_with(&rules);
    sim->wall_ahead_ms -= 1; /* nobody is told: it was not set */
    sim_pass(sim, RETENTION_EVERY_MS + 10);
    CHECK_INT(sim->store.n[STORE_KEPT], 1);
    RIG_CLOSE();
}

TEST(the_newest_are_kept_by_number_of_each_type_and_status)
{
    enum { TASKS = 30, KEPT = 4 };
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.count = KEPT;
    open_with(&rules);
    struct sim_task *t[TASKS], *cancelled = SUBMIT(.type = "convert", .delay_ms = DAY);
    for (int i = 0; i < TASKS; i++) t[i] = SUBMIT(.type = "convert", .ms = 1);
    rig_cancel(cancelled);
    sim_pass(sim, 10 * RETENTION_EVERY_MS);
    for (int i = 0; i < TASKS; i++) CHECK((rig_look(t[i]) != NULL) == (i >= TASKS - KEPT));
    CHECK_TASK(cancelled, "cancelled");
    CHECK_INT(retention()->total.records, TASKS - KEPT);
    RIG_CLOSE();
}

TEST(many_pages_are_walked_and_each_commit_is_small)
{
    enum { TASKS = 3 * RETENTION_PAGE + 7 };
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = DAY;
    open_with(&rules);
    for (int i = 0; i < TASKS; i++) SUBMIT(.type = "convert", .ms = 1);
    sim_pass(sim, 3600 * 1000);
    CHECK_INT(sim->check.endings[TASK_COMPLETED], TASKS);
    sim_pass(sim, DAY + 2 * RETENTION_EVERY_MS);
    CHECK_INT(retention()->total.records, TASKS);
    CHECK(sim->store.n[STORE_PURGE] >= TASKS / RETENTION_BULK);
    RIG_CLOSE();
}

TEST(parts_go_first_and_a_retry_without_its_input_is_refused)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.part_ms[0] = DAY; /* input */
    rules.part_ms[1] = 2 * DAY;
    open_with(&rules);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim_pass(sim, DAY + 2 * RETENTION_EVERY_MS);
    CHECK_TASK(t, "completed");
    CHECK_INT(rig_look(t)->ending.purged, RETAIN_INPUT);
    CHECK_INT(rig_look(t)->input_bytes, 0);
    CHECK(rig_look(t)->result_bytes > 0);
    sim_pass(sim, DAY);
    CHECK_INT(rig_look(t)->ending.purged, RETAIN_INPUT | RETAIN_RESULT);
    struct sim_control *m = sim_retry(&sim->client, t);
    sim_run(sim);
    CHECK_INT(m->control.one.err, ERR_GONE);
    CHECK_TASK(t, "completed");
    RIG_CLOSE();
}

TEST(a_store_that_is_away_is_tried_again_and_nothing_is_forgotten)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = DAY;
    open_with(&rules);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim->store.rules[STORE_PURGE].fail_next = 3;
    sim->store.rules[STORE_KEPT].fail_next = 2;
    sim_pass(sim, DAY + 20 * RETENTION_EVERY_MS);
    CHECK(rig_look(t) == NULL);
    RIG_CLOSE();
}

static struct retention_counts told;
static int told_err, n_told;

static void on_asked(void *user, int err, const struct retention_counts *counts)
{
    (void)user;
    told_err = err;
    told = *counts;
    n_told++;
}

TEST(a_pass_that_was_asked_for_can_be_dry_and_a_second_one_is_refused)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = 0;
    rules.count = 1;
    open_with(&rules);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim_pass(sim, 50); /* the first pass by itself comes after 100 ms */
    CHECK_TASK(t, "completed");
    n_told = 0;
    CHECK_INT(retention_ask(&sim->server.retention, true, on_asked, NULL), 0);
    CHECK_INT(retention_ask(&sim->server.retention, true, on_asked, NULL), ERR_CONFLICT);
    CHECK_INT(n_told, 0);
    sim_pass(sim, 5);
    CHECK_INT(n_told, 1);
    CHECK_INT(told_err, 0);
    CHECK_INT(told.looked, 1);
    CHECK_INT(told.records, 1);
    CHECK(told.bytes > 0);
    CHECK_TASK(t, "completed");
    CHECK_INT(retention_ask(&sim->server.retention, false, on_asked, NULL), 0);
    sim_pass(sim, 50);
    CHECK_INT(n_told, 2);
    CHECK(rig_look(t) == NULL);
    RIG_CLOSE();
}

TEST(a_dry_pass_does_not_put_off_what_is_due)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = DAY;
    open_with(&rules);
    struct sim_task *t = SUBMIT(.type = "convert", .ms = 10);
    sim_pass(sim, 2 * RETENTION_EVERY_MS);
    sim->store.away = true; /* the pass at its due time finds no store */
    sim_pass(sim, DAY);
    sim->store.away = false;
    CHECK_INT(retention_ask(&sim->server.retention, true, on_asked, NULL), 0);
    sim_pass(sim, 5);
    CHECK_INT(told.records, 1);
    CHECK_TASK(t, "completed");
    sim_pass(sim, 2 * RETENTION_EVERY_MS);
    CHECK(rig_look(t) == NULL);
    RIG_CLOSE();
}

static void drain_in_the_middle(int state)
{
    struct retain_rules rules = RETAIN_EVERYTHING;
    rules.completed_ms = DAY;
    open_with(&rules);
    for (int i = 0; i < RETENTION_PAGE + 1; i++) SUBMIT(.type = "convert", .ms = 1);
    sim_pass(sim, 3600 * 1000);
    n_told = 0;
    if (state == RETENTION_LOOKING) sim->store.lag_ms = 200; /* else the answer is there before anybody can drain */
    CHECK_INT(retention_ask(&sim->server.retention, true, on_asked, NULL), 0);
    while ((int)retention()->state != state) turn_run(&sim->turn);
    sim_drain(sim);
    sim_pass(sim, 5000); /* long before the deadline of a drain */
    CHECK_INT(n_told, 1); /* who asked for the pass */
    CHECK_INT(told_err, ERR_DRAINING);
    CHECK_INT(sim->drained, 1);
    RIG_CLOSE();
}

TEST(a_drain_between_two_pages_tells_who_asked_for_the_pass_and_comes_to_its_end) { drain_in_the_middle(RETENTION_PAUSING); }
TEST(a_drain_waits_for_the_page_on_its_way_and_comes_to_its_end) { drain_in_the_middle(RETENTION_LOOKING); }

TEST_MAIN
