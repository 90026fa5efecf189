/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool: starting, choice, keep_alive.
 */
#include "pool_rig.h"

TEST(nothing_is_started_before_it_is_wanted)
{
    struct err e;
    pool_conf();
    pool_open();
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 0);
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_STATE("off");
    pool_close();
}

TEST(many_wishes_start_one_instance_once)
{
    struct err e;
    pool_conf();
    pool_open();
    for (size_t i = 1; i <= 32; i++) pool->ops->want(pool, i, 0);
    CHECK_INT(fake.n, 0); /* not from inside the wish */
    fake_run(&fake);
    for (size_t i = 1; i <= 32; i++) pool_want(i);
    CHECK_INT(fake.n, 1);
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_STR(str_of(e.text), "speech-1 is starting");
    fake_ready(&fake, 0);
    CHECK_INT(fake.rooms, 1);
    CHECK_INT(pool_waiting(&e), HANDLER_READY);
    pool_want(32);
    CHECK_INT(fake.n, 1);
    CHECK(strstr(fake.events.p, "speech-1 started\n"));
    CHECK(strstr(fake.events.p, "speech-1 ready after 0 ms\n"));
    pool_close();
}

TEST(as_many_are_started_as_tasks_wait_for)
{
    pool_conf();
    conf.instances = 4;
    pool_open();
    pool_want(2);
    CHECK_INT(fake.n, 2);
    pool_want(3);
    CHECK_INT(fake.n, 3);
    pool_want(100);
    CHECK_INT(fake.n, 4);
    pool_close();
}

TEST(a_busy_process_does_not_stand_for_a_waiting_task)
{
    pool_conf();
    conf.instances = 2;
    pool_open_ready();
    heard_init(&h, pool, 1, "{}");
    pool_want(1);
    CHECK_INT(fake.n, 1); /* an idle one stands for it */
    pool_give(&h);
    fake_run(&fake);
    CHECK_INT(fake.n, 1); /* the task that waited has been given: nothing waits */
    pool_want(1);
    CHECK_INT(fake.n, 2);
    pool_close_busy();
}

TEST(load_at_boot_starts_all_and_keeps_them)
{
    pool_conf();
    conf.instances = 3;
    conf.load_at_boot = true;
    pool_open();
    CHECK_INT(fake.n, 3);
    for (int i = 0; i < 3; i++) fake_ready(&fake, i);
    fake_pass(&fake, 3600000);
    CHECK(fake_alive(&fake, 0) && fake_alive(&fake, 1) && fake_alive(&fake, 2)); /* no last task yet */
    fake_exits(&fake, 1, 1);
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 4); /* started again although nothing waits */
    fake_ready(&fake, 3);
    heard_init(&h, pool, 1, "{}");
    pool_give(&h);
    fake_about(&fake, 3, &h, "done", "");
    fake_pass(&fake, 600000);
    CHECK(fake.children[3].input_closed);
    CHECK(!fake.children[0].input_closed && !fake.children[2].input_closed);
    fake_exits(&fake, 3, 0);
    fake_pass(&fake, 3600000);
    CHECK_INT(fake.n, 4); /* unloaded by keep_alive: from now on it is lazy */
    pool_close_busy();
}

TEST(a_preload_starts_so_many_and_ends_none_until_it_is_told_what_is_wanted)
{
    pool_conf();
    conf.instances = 4;
    conf.keep_alive_ms = 0;
    conf.preload = 2;
    pool_open();
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 0);
    fake_exits(&fake, 1, 1);
    fake_pass(&fake, 2000);
    CHECK_INT(fake.n, 3); /* the second is tried again */
    fake_ready(&fake, 2);
    fake_pass(&fake, 600000);
    CHECK_INT(fake.n, 3);
    CHECK_STATE("idle");
    pool_want(0);
    CHECK_STATE("stopping");
    fake_exits(&fake, 0, 0);
    fake_exits(&fake, 2, 0);
    fake_pass(&fake, 600000);
    CHECK_INT(fake.n, 3);
    CHECK_STATE("off");
    pool_close();
}

TEST(a_preload_is_of_as_many_as_there_may_be)
{
    pool_conf();
    conf.instances = 2;
    conf.preload = 5;
    pool_open();
    CHECK_INT(fake.n, 2);
    pool_close();
}

TEST(the_process_that_was_idle_last_gets_the_task)
{
    pool_conf();
    conf.instances = 3;
    pool_open();
    pool_want(3);
    for (int i = 0; i < 3; i++) {
        fake_ready(&fake, (i + 1) % 3);
        fake_pass(&fake, 10);
    }
    heard_init(&h, pool, 1, "{}");
    pool_give(&h); /* child 0 was ready last */
    CHECK(fake_was_sent(&fake, 0, "\"run\""));
    CHECK_INT(pool->ops->room(pool), 2);
    pool_close_busy();
}

TEST(a_task_without_a_free_worker_is_refused)
{
    struct err e;
    struct heard other;
    pool_open_busy();
    heard_init(&other, pool, 2, "{}");
    CHECK_INT(pool->ops->start(pool, &(struct attempt *){&other.attempt}, 1, &e), ERR_AGAIN);
    CHECK_INT(pool_waiting(&e), HANDLER_BUSY);
    heard_release(&other);
    pool_close_busy();
    CHECK_INT(other.n_verdicts, 0);
}

static void keep_alive_of(int64_t keep_alive_ms)
{
    pool_conf();
    conf.keep_alive_ms = keep_alive_ms;
    pool_open();
    pool_want(1);
    fake_ready(&fake, 0);
    heard_init(&h, pool, 1, "{}");
    pool_give(&h);
    fake_pass(&fake, 3600000); /* a task may take its time */
    CHECK(!fake.children[0].input_closed);
}

TEST(keep_alive_counts_from_the_last_task)
{
    keep_alive_of(600000);
    fake_about(&fake, 0, &h, "done", "");
    fake_pass(&fake, 599999);
    CHECK(!fake.children[0].input_closed);
    fake_pass(&fake, 1);
    CHECK(fake.children[0].input_closed);
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"stop\"}\n"));
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK_STATE("stopping");
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    CHECK_INT(pool_view(0)->restarts, 0);
    CHECK_INT(pool_view(0)->loads, 1);
    pool_want(1);
    CHECK_INT(fake.n, 2);
    pool_close_busy();
}

TEST(keep_alive_0_ends_it_at_once_when_nothing_waits)
{
    keep_alive_of(0);
    fake_about(&fake, 0, &h, "done", "");
    CHECK(fake.children[0].input_closed);
    pool_close_busy();
}

TEST(keep_alive_0_keeps_it_while_tasks_wait)
{
    keep_alive_of(0);
    pool_want(2);
    fake_about(&fake, 0, &h, "done", "");
    fake_pass(&fake, 60000);
    CHECK(!fake.children[0].input_closed);
    struct heard other;
    heard_init(&other, pool, 2, "{}");
    pool_give(&other);
    fake_about(&fake, 0, &other, "done", "");
    CHECK(!fake.children[0].input_closed);
    pool_want(0); /* the last one was cancelled */
    CHECK(fake.children[0].input_closed);
    heard_release(&other);
    pool_close_busy();
}

TEST(keep_alive_forever_never_ends_it)
{
    keep_alive_of(-1);
    fake_about(&fake, 0, &h, "done", "");
    fake_pass(&fake, 100LL * 24 * 3600 * 1000);
    CHECK(!fake.children[0].input_closed);
    pool_close_busy();
}

TEST(a_process_that_was_started_and_never_used_is_unloaded_too)
{
    pool_conf();
    pool_open_ready();
    fake_pass(&fake, 600000);
    CHECK(fake.children[0].input_closed);
    pool_close();
}

TEST(an_idle_process_that_does_not_stop_is_ended)
{
    pool_conf();
    pool_open_ready();
    fake_pass(&fake, 600000);
    int64_t at_ms = fake.now_ms;
    fake_pass(&fake, 9999);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 5000);
    CHECK_INT(fake.children[0].kills, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 10000);
    CHECK_STATE("off");
    pool_close();
}

TEST(a_wish_during_the_stop_starts_another_when_it_is_dead)
{
    pool_conf();
    pool_open_ready();
    fake_pass(&fake, 600000);
    pool_want(1);
    CHECK_INT(fake.n, 1); /* never two processes of one instance */
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.n, 2);
    pool_close();
}

TEST(a_view_tells_what_the_process_does)
{
    pool_open_busy();
    const struct worker_view *w = pool_view(0);
    CHECK(w->loaded);
    CHECK_INT(w->n_open, 1);
    CHECK(w->open[0] == &h.attempt);
    CHECK_INT(w->started_at_ms, fake.now_ms + 86400000);
    fake_about(&fake, 0, &h, "done", "");
    w = pool_view(0);
    CHECK_INT(w->n_open, 0);
    CHECK_INT(w->tasks, 1);
    CHECK_INT(w->rss_bytes, 0);
    fake.children[0].child->pid = getpid();
    CHECK(pool_view(0)->rss_bytes > 100000);
    fake.children[0].child->pid = 0;
    pool_close_busy();
}

TEST(a_process_that_does_not_take_a_task_leaves_it_to_the_next)
{
    pool_conf();
    conf.instances = 2;
    pool_open();
    pool_want(2);
    fake_ready(&fake, 0);
    fake_pass(&fake, 1);
    fake_ready(&fake, 1);
    fake.send_error = ERR_IO;
    fake.deaf = 2; /* idle last, asked first */
    heard_init(&h, pool, 1, "{}");
    pool_give(&h);
    CHECK(fake_was_sent(&fake, 0, "\"op\":\"run\""));
    CHECK_STR(str_of(pool_view(1)->state), "stopping");
    fake.send_error = 0;
    fake_about(&fake, 0, &h, "done", "");
    CHECK_INT(h.event, LIFE_DONE);
    pool_close_busy();
}

TEST_MAIN
