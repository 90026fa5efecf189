/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool when processes fail: reasons, backoff, breaker, forgiveness.
 */
#include "pool_rig.h"
#include <errno.h>

TEST(one_that_is_not_ready_in_time_is_killed_and_tried_again)
{
    struct err e;
    pool_conf();
    pool_open();
    pool_want(1);
    fake_says(&fake, 0, CHILD_STDERR, "loading\nno such device\n");
    fake_pass(&fake, 119999);
    CHECK_INT(fake.children[0].kills, 0);
    CHECK_STATE("starting");
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "did not say ready within 2m\nloading\nno such device\n");
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_STR(str_of(e.text), "speech: did not say ready within 2m: no such device; tried again in 1s");
    CHECK(strstr(fake.events.p, "speech-1 failed 1 times in a row, tried again in 1s: did not say ready within 2m: no such device\n"));
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    CHECK_STR(str_of((pool_view(0), pool_problem)), "");
    CHECK_INT(pool_view(0)->restarts, 1);
    pool_close();
}

TEST(another_protocol_is_not_spoken)
{
    pool_conf();
    pool_open();
    pool_want(1);
    fake_frame(&fake, 0, "{\"op\":\"ready\",\"proto\":2}");
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_STR(str_of((pool_view(0), pool_problem)), "speaks protocol bide/2, this server bide/1");
    CHECK_INT(pool->ops->room(pool), 0);
    pool_close();
}

TEST(junk_before_ready_is_a_failed_start)
{
    pool_conf();
    pool_open();
    pool_want(1);
    fake_frame(&fake, 0, "hello");
    CHECK_STATE("backoff");
    pool_view(0);
    CHECK(strstr(pool_problem, "wrote a line that is not JSON: \"hello\""));
    fake_pass(&fake, 1000);
    fake_exits(&fake, 1, 4); /* the next process has faults of its own */
    pool_view(0);
    CHECK_STR(str_of(pool_problem), "the worker ended with exit status 4");
    pool_close();
}

TEST(a_program_that_cannot_be_run_is_named)
{
    struct err e;
    pool_conf();
    pool_open();
    pool_want(1);
    fake_not_executed(&fake, 0, ENOENT);
    CHECK_STATE("backoff");
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_STR(str_of(e.text), "speech: cannot run ./speech: No such file or directory; tried again in 1s");
    pool_close();
}

TEST(a_spawner_that_cannot_start_is_a_failed_start)
{
    pool_conf();
    pool_open();
    fake.start_error = ERR_IO;
    pool_want(1);
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "no more processes");
    fake.start_error = 0;
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 1);
    CHECK_STATE("starting");
    pool_close();
}

TEST(a_system_without_processes_does_not_break_the_place)
{
    pool_conf();
    pool_open();
    fake.start_error = ERR_AGAIN;
    pool_want(1);
    for (int i = 0; i < 20; i++) {
        CHECK_STATE("backoff");
        fake_pass(&fake, 8000);
    }
    fake.start_error = 0;
    fake_pass(&fake, 8000);
    CHECK_INT(fake.n, 1);
    CHECK_STATE("starting");
    pool_close();
}

TEST(the_delay_doubles_until_the_breaker_opens)
{
    struct err e;
    pool_conf();
    pool_open();
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 1000);
    CHECK_INT(pool_fail_and_measure(), 2000);
    CHECK_INT(pool_fail_and_measure(), 4000);
    CHECK_INT(pool_fail_and_measure(), 8000);
    fake_says(&fake, 4, CHILD_STDERR, "no model\n");
    fake_exits(&fake, 4, 3);
    CHECK_STATE("broken");
    CHECK_INT(pool_waiting(&e), HANDLER_BROKEN);
    CHECK_STR(str_of(e.text), "speech: the worker ended with exit status 3: no model; tried again in 5m");
    CHECK_INT(pool_view(0)->retry_at_ms, fake.now_ms + 86400000 + 300000);
    pool_want(7);
    fake_pass(&fake, 299999);
    CHECK_INT(fake.n, 5);
    fake_pass(&fake, 1);
    CHECK_INT(fake.n, 6); /* one try */
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_INT(pool_fail_and_measure(), 300000);
    CHECK_STATE("starting");
    fake_ready(&fake, 6);
    CHECK_INT(pool_waiting(&e), HANDLER_READY);
    CHECK_INT(pool_view(0)->restarts, 6);
    CHECK_INT(pool_fail_and_measure(), 300000); /* being ready is no success yet */
    pool_close();
}

TEST(the_delays_can_be_set_and_are_capped)
{
    pool_conf();
    conf.backoff_first_ms = 100;
    conf.backoff_cap_ms = 300;
    pool_open();
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 100);
    CHECK_INT(pool_fail_and_measure(), 200);
    CHECK_INT(pool_fail_and_measure(), 300);
    CHECK_INT(pool_fail_and_measure(), 300);
    CHECK_INT(pool_fail_and_measure(), 300);
    pool_close();
}

TEST(without_a_wish_nothing_is_started_again)
{
    pool_conf();
    pool_open_ready();
    fake_exits(&fake, 0, 1);
    CHECK_STATE("backoff");
    fake_pass(&fake, 3600000);
    CHECK_INT(fake.n, 1);
    CHECK_STATE("off");
    pool_close();
}

TEST(death_during_a_task_counts_and_a_good_verdict_forgives)
{
    pool_conf();
    pool_open();
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 1000);
    CHECK_INT(pool_fail_and_measure(), 2000);
    fake_ready(&fake, 2);
    heard_init(&h, pool, 1, "{}");
    pool_give(&h);
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 4000);
    CHECK_INT(h.event, LIFE_CRASHED);
    heard_release(&h);
    fake_ready(&fake, 3);
    heard_init(&h, pool, 2, "{}");
    pool_give(&h);
    fake_about(&fake, 3, &h, "done", "");
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 1000);
    pool_close_busy();
}

TEST(ten_quiet_minutes_forgive)
{
    pool_conf();
    conf.keep_alive_ms = -1;
    pool_open();
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 1000);
    CHECK_INT(pool_fail_and_measure(), 2000);
    fake_ready(&fake, 2);
    fake_pass(&fake, 600001);
    CHECK_INT(pool_fail_and_measure(), 1000); /* it had been ready for that long */
    CHECK_INT(pool_fail_and_measure(), 2000);
    pool_want(0);
    fake_exits(&fake, 4, 1);
    fake_pass(&fake, 700000); /* nothing was wanted for that long */
    CHECK_INT(fake.n, 5);
    pool_want(1);
    CHECK_INT(pool_fail_and_measure(), 1000);
    pool_close();
}

TEST(a_broken_instance_does_not_hide_a_working_one)
{
    struct err e;
    pool_conf();
    conf.instances = 2;
    pool_open();
    pool_want(2);
    fake_ready(&fake, 1);
    fake_exits(&fake, 0, 1);
    CHECK_INT(pool_waiting(&e), HANDLER_READY);
    CHECK_INT(pool->ops->room(pool), 1);
    CHECK_STR(str_of(pool_view(0)->state), "backoff");
    CHECK_STR(str_of(pool_view(1)->state), "idle");
    CHECK_STR(pool_view(1)->id, "speech-2");
    CHECK_STR(pool_view(1)->pool, "speech");
    pool_close();
}

/* The place's newest process dies of a task that has ended `deaths` processes before. */
static void die_of(int task, int deaths)
{
    fake_ready(&fake, fake.n - 1);
    heard_init(&h, pool, task, "{}");
    h.attempt.deaths = deaths;
    pool_give(&h);
    fake_exits(&fake, fake.n - 1, 139);
    CHECK_INT(h.event, LIFE_CRASHED);
    heard_release(&h);
}

TEST(the_deaths_of_one_task_count_once_towards_the_breaker)
{
    pool_conf();
    pool_open();
    for (int task = 1; task <= 4; task++) {
        for (int deaths = 0; deaths < 3; deaths++) {
            pool_want(1);
            if (fake.n == 0 || !fake_alive(&fake, fake.n - 1)) fake_pass(&fake, 8000);
            die_of(task, deaths);
            CHECK_STATE("backoff");
        }
    }
    pool_want(1);
    fake_pass(&fake, 8000);
    die_of(5, 0); /* the fifth task, not the fifth death */
    CHECK_STATE("broken");
    pool_close();
}

TEST(a_task_that_killed_a_worker_elsewhere_does_not_lengthen_the_delay_here)
{
    pool_conf();
    pool_open();
    pool_want(1);
    die_of(1, 1);
    CHECK_STATE("backoff");
    CHECK_INT(pool_view(0)->restarts, 1);
    pool_want(1);
    int64_t at_ms = fake.now_ms;
    while (fake.n == 1) fake_pass(&fake, 100);
    CHECK_INT(fake.now_ms - at_ms, 1000);
    pool_close();
}

TEST_MAIN
