/* SPDX-License-Identifier: Apache-2.0
 *
 * Recycle and stop of one worker, asked by its id.
 */
#include "pool_rig.h"

static struct err why;

static int wish(const char *id, enum handler_verb verb)
{
    why = (struct err){0};
    int rc = pool->ops->control(pool, str_of(id), verb, &why);
    fake_run(&fake);
    return rc;
}

static int recycle(void) { return wish("speech-1", HANDLER_RECYCLE); }
static int stop(void) { return wish("speech-1", HANDLER_STOP); }

static int count(const char *text, const char *part)
{
    int n = 0;
    for (; text && (text = strstr(text, part)); text++) n++;
    return n;
}

static void pool_open_broken(void)
{
    pool_conf();
    pool_open();
    pool_want(1);
    for (int i = 0; i < 4; i++) pool_fail_and_measure();
    fake_exits(&fake, 4, 1);
    CHECK_STATE("broken");
}

TEST(an_idle_process_that_is_recycled_ends_and_the_next_is_started_when_needed)
{
    pool_conf();
    pool_open_ready();
    CHECK_INT(recycle(), 0);
    CHECK_STATE("stopping");
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"stop\"}\n"));
    CHECK(fake.children[0].input_closed);
    CHECK_INT(recycle(), 0);
    CHECK_INT(count(fake.events.p, "speech-1 is to be recycled\n"), 1);
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    CHECK_INT(fake.n, 1);
    pool_want(1);
    CHECK_INT(fake.n, 2);
    CHECK_INT(pool_view(0)->restarts, 0);
    pool_close();
}

TEST(a_recycle_lets_the_task_finish)
{
    pool_open_busy();
    CHECK_INT(recycle(), 0);
    CHECK_STATE("stopping");
    CHECK_INT(pool_seen.n_open, 1);
    CHECK_INT(recycle(), 0);
    fake_pass(&fake, 20000);
    CHECK(!fake_was_sent(&fake, 0, "cancel") && !fake_was_sent(&fake, 0, "\"stop\""));
    CHECK_INT(fake.children[0].terms, 0);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK_INT(count(fake.children[0].sent.p, "\"stop\""), 1);
    pool_want(1);
    CHECK_INT(fake.n, 1); /* not beside it: two would not fit into memory */
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.n, 2);
    pool_close_busy();
}

TEST(a_recycled_process_that_does_not_go_is_ended)
{
    pool_conf();
    pool_open_ready();
    int64_t at_ms = fake.now_ms;
    CHECK_INT(recycle(), 0);
    fake_pass(&fake, 10000);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 5000);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 10000);
    CHECK_STATE("off");
    CHECK_INT(pool_view(0)->restarts, 0);
    pool_close();
}

TEST(a_process_that_loads_is_recycled_without_waiting_for_it)
{
    pool_conf();
    pool_open();
    pool_want(1);
    CHECK_INT(recycle(), 0);
    CHECK_INT(fake.children[0].terms, 1);
    fake_killed(&fake, 0, SIGTERM);
    CHECK_INT(fake.n, 2);
    CHECK_STATE("starting");
    CHECK_INT(pool_view(0)->restarts, 0);
    pool_close();
}

TEST(a_place_that_is_loaded_at_boot_is_loaded_again_after_a_recycle_and_not_after_a_stop)
{
    pool_conf();
    conf.load_at_boot = true;
    pool_open();
    fake_ready(&fake, 0);
    CHECK_INT(recycle(), 0);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    CHECK_INT(stop(), 0);
    CHECK(fake_was_sent(&fake, 1, "{\"op\":\"stop\"}\n"));
    fake_exits(&fake, 1, 0);
    CHECK_INT(fake.n, 2);
    CHECK_STATE("off");
    pool_want(1);
    CHECK_INT(fake.n, 3);
    pool_close();
}

TEST(a_stop_of_what_is_being_recycled_keeps_it_off)
{
    pool_conf();
    conf.load_at_boot = true;
    pool_open();
    fake_ready(&fake, 0);
    CHECK_INT(recycle(), 0);
    CHECK_INT(stop(), 0);
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    CHECK_INT(fake.n, 1);
    pool_close();
}

TEST(a_recycle_tries_a_broken_place_at_once_and_forgets_its_failures)
{
    struct err e;
    pool_open_broken();
    CHECK_INT(pool->ops->control(pool, STR("speech-1"), HANDLER_RECYCLE, &e), 0);
    CHECK_STATE("starting"); /* before anything else has run */
    fake_run(&fake);
    CHECK_INT(fake.n, 6);
    CHECK_INT(pool_fail_and_measure(), 1000);
    CHECK_INT(pool_fail_and_measure(), 2000);
    pool_close();
}

TEST(a_recycle_ends_a_backoff_without_starting_what_nobody_needs)
{
    pool_conf();
    pool_open_ready();
    fake_exits(&fake, 0, 1);
    CHECK_STATE("backoff");
    CHECK_INT(recycle(), 0);
    CHECK_STATE("off");
    CHECK_INT(pool_view(0)->retry_at_ms, 0);
    CHECK_INT(fake.n, 1);
    pool_close();
}

TEST(where_there_is_no_process_nothing_is_stopped_and_the_reason_is_said)
{
    pool_conf();
    pool_open();
    CHECK_INT(recycle(), ERR_CONFLICT);
    CHECK_STR(str_of(why.text), "speech-1 has no process; one is started when a task needs it");
    CHECK_INT(stop(), ERR_CONFLICT);
    CHECK_STR(str_of(why.text), "speech-1 has no process; one is started when a task needs it");
    CHECK_STATE("off");
    pool_close();
    pool_open_broken();
    int64_t retry_at_ms = pool_view(0)->retry_at_ms;
    CHECK_INT(stop(), ERR_CONFLICT);
    CHECK_STR(str_of(why.text), "speech-1 has no process: the last one failed; a recycle tries the next one now");
    CHECK_STATE("broken");
    CHECK_INT(pool_seen.retry_at_ms, retry_at_ms);
    pool_close();
}

TEST(a_stop_gives_the_task_back_and_ends_the_process)
{
    pool_open_busy();
    CHECK_INT(stop(), 0);
    CHECK_STATE("stopping");
    CHECK(fake_was_sent(&fake, 0, "\"reason\":\"shutdown\"}\n"));
    CHECK_INT(stop(), 0);
    CHECK_INT(count(h.log.p, "bide: the worker is being stopped"), 1);
    CHECK_INT(count(fake.children[0].sent.p, "\"cancel\""), 1);
    CHECK_INT(h.n_verdicts, 0);
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.code.len, 0);
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"stop\"}\n"));
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    CHECK_INT(fake.n, 1);
    pool_want(1);
    CHECK_INT(fake.n, 2);
    pool_close_busy();
}

TEST(a_stop_that_is_not_obeyed_climbs_the_ladder_and_is_no_restart)
{
    pool_open_busy();
    int64_t at_ms = fake.now_ms;
    CHECK_INT(stop(), 0);
    fake_pass(&fake, 10000);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 5000);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 10000);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_STATE("off");
    CHECK_INT(pool_view(0)->restarts, 0);
    pool_want(1);
    pool_stop(&h, STOP_CANCEL); /* of an attempt that is over: nothing */
    fake_ready(&fake, 1);
    pool_give((heard_release(&h), heard_init(&h, pool, 1, "{}"), &h));
    pool_stop(&h, STOP_CANCEL);
    fake_pass(&fake, 10000);
    CHECK_INT(pool_view(0)->restarts, 1); /* the next process was not told to stop */
    pool_close_busy();
}

TEST(a_done_wins_over_a_stop_of_its_worker)
{
    pool_open_busy();
    CHECK_INT(stop(), 0);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK(fake.children[0].input_closed);
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    pool_close_busy();
}

TEST(a_cancelled_task_whose_worker_is_stopped_is_cancelled)
{
    pool_open_busy();
    pool_stop(&h, STOP_CANCEL);
    CHECK_INT(stop(), 0);
    CHECK(!h.log.p || !strstr(h.log.p, "goes back"));
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK(fake.children[0].input_closed);
    pool_close_busy();
}

TEST(a_grace_too_short_to_ask_ends_a_stopped_worker_at_once)
{
    pool_open_busy();
    h.body.grace_ms = 1;
    CHECK_INT(stop(), 0);
    CHECK_INT(fake.children[0].terms, 1);
    fake_pass(&fake, 1);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_STATE("off");
    pool_close_busy();
}

TEST(the_other_places_of_the_pool_are_left_alone)
{
    pool_conf();
    conf.instances = 2;
    pool_open();
    pool_want(2);
    fake_ready(&fake, 0);
    fake_ready(&fake, 1);
    pool_want(0);
    CHECK_INT(wish("speech-2", HANDLER_RECYCLE), 0);
    CHECK_STR(str_of(pool_view(0)->state), "idle");
    CHECK_STR(str_of(pool_view(1)->state), "stopping");
    CHECK_INT(wish("speech-3", HANDLER_RECYCLE), ERR_NOT_FOUND);
    CHECK_INT(wish("speech", HANDLER_STOP), ERR_NOT_FOUND);
    CHECK_INT(wish("", HANDLER_STOP), ERR_NOT_FOUND);
    CHECK_STR(str_of(pool_view(0)->state), "idle");
    pool_close();
}

TEST(a_worker_of_a_pool_that_drains_can_be_stopped_and_is_not_started_again)
{
    pool_open_busy();
    pool_want(1);
    pool->ops->drain(pool, fake_on_drained, &fake);
    CHECK_INT(recycle(), 0); /* its end is under way */
    CHECK_INT(stop(), 0);
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_RELEASED);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.n, 1);
    CHECK_INT(fake.drained, 1);
    CHECK_INT(stop(), ERR_CONFLICT);
    CHECK_STR(str_of(why.text), "speech-1 has no process any more");
    pool_close_busy();
}

TEST_MAIN
