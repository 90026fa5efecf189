/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker and its attempt: recycling, death, junk, the stop ladder.
 */
#include "pool_rig.h"

static struct heard other;

TEST(recycle_ends_the_process_and_is_no_restart)
{
    pool_open_busy();
    pool_want(1);
    fake_about(&fake, 0, &h, "fail", ",\"message\":\"m\",\"recycle\":true");
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STATE("stopping");
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"stop\"}\n"));
    CHECK(fake.children[0].input_closed);
    CHECK_INT(fake.n, 1);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.n, 2); /* another, as a task waits */
    CHECK_STATE("starting");
    CHECK_INT(pool_view(0)->restarts, 0);
    pool_close_busy();
}

TEST(death_in_the_middle_is_a_crash_with_the_end_of_stderr)
{
    pool_open_busy();
    fake_says(&fake, 0, CHILD_STDERR, "Traceback\n  boom\xFF\n");
    fake_exits(&fake, 0, 3);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.code, "worker_crashed");
    CHECK_STR(h.message, "the worker ended with exit status 3");
    CHECK_STR(h.detail, "Traceback\n  boom\xEF\xBF\xBD\n");
    CHECK_STATE("backoff");
    CHECK_INT(pool_view(0)->restarts, 1);
    pool_close_busy();
    pool_open_busy();
    fake_killed(&fake, 0, SIGSEGV);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.message, "the worker was ended by signal 11 (Segmentation fault)");
    pool_close_busy();
}

TEST(the_detail_of_a_crash_is_of_this_task_only)
{
    pool_open_busy();
    fake_says(&fake, 0, CHILD_STDERR, "of the first\n");
    fake_about(&fake, 0, &h, "done", "");
    heard_init(&other, pool, 2, "{}");
    pool_give(&other);
    fake_says(&fake, 0, CHILD_STDERR, "of the second\n");
    fake_exits(&fake, 0, 1);
    CHECK_STR(other.detail, "of the second\n");
    heard_release(&other);
    pool_close_busy();
}

TEST(a_line_that_is_not_json_ends_the_worker_and_the_attempt_when_it_is_dead)
{
    pool_open_busy();
    fake_says(&fake, 0, CHILD_FRAMES, "Loading \"model\"\xFF\n{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\"}\n");
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(h.n_verdicts, 0); /* not before its tree is dead */
    CHECK_STATE("stopping");
    CHECK(heard_logged(&h, "bide: the worker wrote a line that is not JSON: \"Loading"));
    fake_run(&fake);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.code, "worker_crashed");
    CHECK(str_starts(h.message, STR("the worker wrote a line that is not JSON: \"Loading \\\"model\\\"\xEF\xBF\xBD\" (")));
    CHECK(strstr(fake.events.p, "wrote a line that is not JSON"));
    CHECK_STATE("backoff");
    pool_close_busy();
}

TEST(json_that_is_no_frame_ends_the_worker_too)
{
    pool_open_busy();
    fake_frame(&fake, 0, "[1,2]");
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.message, "the worker wrote a line that is not a frame: \"[1,2]\" (an array, not an object)");
    pool_close_busy();
}

TEST(a_line_over_the_limit_ends_the_worker)
{
    pool_open_busy();
    char *text = malloc(LIMIT_FRAME + 2);
    memset(text, 'x', LIMIT_FRAME + 1);
    text[LIMIT_FRAME + 1] = '\0';
    fake_says(&fake, 0, CHILD_FRAMES, text);
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.message, "the worker wrote a line of more than 1114112 bytes");
    free(text);
    pool_close_busy();
}

TEST(a_process_that_closed_its_frames_and_goes_on_is_ended)
{
    pool_open_busy();
    fake_hangs_up(&fake, 0);
    fake_pass(&fake, 1999);
    CHECK_STATE("busy");
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.message, "the worker closed descriptor 4, so that nothing can be heard of it");
    CHECK_STATE("backoff");
    pool_close_busy();
}

TEST(a_process_that_closed_its_frames_and_ends_says_how)
{
    pool_open_busy();
    fake_hangs_up(&fake, 0);
    fake_pass(&fake, 1999);
    fake_exits(&fake, 0, 3);
    CHECK_STR(h.message, "the worker ended with exit status 3");
    pool_want(1); /* and its successor has nothing to do with that */
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    fake_pass(&fake, 10000);
    CHECK_INT(fake.children[1].kills, 0);
    pool_close_busy();
}

TEST(a_process_that_closed_its_frames_while_it_is_stopped_has_its_grace)
{
    pool_open_busy();
    pool_stop(&h, STOP_CANCEL);
    fake_hangs_up(&fake, 0);
    fake_pass(&fake, 9999);
    CHECK_INT(fake.children[0].kills, 0);
    fake_pass(&fake, 1);
    CHECK_INT(h.event, LIFE_STOPPED);
    pool_close_busy();
}

TEST(a_quoted_line_is_cut_at_80_bytes)
{
    pool_open_busy();
    char text[201];
    memset(text, 'x', 200);
    text[200] = '\0';
    fake_frame(&fake, 0, text);
    text[80] = '\0';
    CHECK(strstr(h.message.p, text));
    CHECK(!strstr(h.message.p, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
    pool_close_busy();
}

TEST(a_cancel_that_is_obeyed_leaves_the_process_alive)
{
    pool_open_busy();
    pool_stop(&h, STOP_CANCEL);
    pool_stop(&h, STOP_TIMEOUT); /* no effect */
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"cancel\",\"id\":\"00000000-0000-7000-8000-000000000001\","
                                  "\"fence\":\"0000000000001001\",\"reason\":\"user\"}\n"));
    CHECK(!fake_was_sent(&fake, 0, "timeout\"}"));
    fake_pass(&fake, 4999);
    CHECK_INT(fake.children[0].terms, 0);
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_INT(h.code.len, 0);
    CHECK_STATE("idle");
    fake_pass(&fake, 20000);
    CHECK_INT(fake.children[0].terms + fake.children[0].kills, 0);
    CHECK_INT(pool->ops->room(pool), 1);
    pool_close_busy();
}

TEST(a_cancel_that_is_not_obeyed_climbs_the_ladder)
{
    pool_open_busy();
    int64_t at_ms = fake.now_ms;
    pool_stop(&h, STOP_CANCEL);
    fake_pass(&fake, 5000);
    CHECK_INT(fake.children[0].terms, 1);
    CHECK_INT(fake.children[0].term_at_ms - at_ms, 5000);
    CHECK_STATE("stopping");
    fake_pass(&fake, 4999);
    CHECK_INT(fake.children[0].kills, 0);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 10000);
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_STATE("off"); /* and no backoff: the death was our doing */
    pool_want(1);
    CHECK_INT(fake.n, 2);
    pool_close_busy();
}

TEST(a_timeout_is_told_as_one)
{
    pool_open_busy();
    pool_stop(&h, STOP_TIMEOUT);
    CHECK(fake_was_sent(&fake, 0, "\"reason\":\"timeout\"}"));
    fake_pass(&fake, 10000);
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK_STR(h.code, "timeout");
    CHECK_STR(h.message, "ran longer than 30s");
    pool_close_busy();
    pool_open_busy();
    pool_stop(&h, STOP_TIMEOUT);
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK_STATE("idle");
    pool_close_busy();
    pool_open_busy();
    pool_stop(&h, STOP_TIMEOUT);
    fake_about(&fake, 0, &h, "fail", ",\"code\":\"x\"");
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK_STR(h.code, "timeout");
    pool_close_busy();
}

TEST(a_shutdown_releases)
{
    pool_open_busy();
    pool_stop(&h, STOP_SHUTDOWN);
    CHECK(fake_was_sent(&fake, 0, "\"reason\":\"shutdown\"}"));
    fake_pass(&fake, 10000);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.code.len, 0);
    pool_close_busy();
}

TEST(a_fail_after_a_cancel_is_the_cancel)
{
    pool_open_busy();
    pool_stop(&h, STOP_CANCEL);
    fake_about(&fake, 0, &h, "fail", ",\"message\":\"Cancelled\"");
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_STATE("idle");
    pool_close_busy();
}

TEST(a_done_wins_over_a_stop_until_the_process_is_dead)
{
    for (int why = STOP_CANCEL; why <= STOP_SHUTDOWN; why++) {
        pool_open_busy();
        pool_stop(&h, (enum stop_reason)why);
        fake_pass(&fake, 6000); /* SIGTERM has been sent */
        fake_about(&fake, 0, &h, "done", ",\"result\":1");
        CHECK_INT(h.n_verdicts, 1);
        CHECK_INT(h.event, LIFE_DONE);
        CHECK_STATE("stopping"); /* it may act on the signal any moment: no other task for it */
        CHECK_INT(pool->ops->room(pool), 0);
        fake_pass(&fake, 4000);
        CHECK_INT(fake.children[0].kills, 1);
        CHECK_STATE("off");
        pool_close_busy();
        CHECK_INT(h.n_verdicts, 1);
    }
}

TEST(death_after_being_asked_to_stop_is_no_crash)
{
    pool_open_busy();
    pool_stop(&h, STOP_CANCEL);
    fake_exits(&fake, 0, 1);
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_STATE("off");
    pool_close_busy();
}

TEST(a_grace_too_short_to_ask_kills)
{
    pool_open_busy();
    h.body.grace_ms = 1;
    pool_stop(&h, STOP_CANCEL);
    CHECK_INT(fake.children[0].terms, 1);
    CHECK_STATE("stopping");
    fake_pass(&fake, 1);
    CHECK_INT(h.event, LIFE_STOPPED);
    pool_close_busy();
}

TEST(giving_up_without_being_asked_is_a_failure)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "cancelled", "");
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "the worker gave up the task without being asked");
    CHECK(h.retryable);
    pool_close_busy();
}

TEST(a_fault_does_not_hide_how_the_process_ended)
{
    pool_conf();
    pool_open_ready();
    fake.send_error = ERR_IO;
    heard_init(&h, pool, 1, "{}");
    struct err e = {0};
    CHECK_INT(pool->ops->start(pool, &(struct attempt *){&h.attempt}, 1, &e), ERR_AWAY);
    CHECK_STR(str_of(e.text), "speech-1 reads no tasks any more");
    fake.send_error = 0;
    fake_exits(&fake, 0, 3); /* it had ended by itself */
    CHECK_STR(str_of((pool_view(0), pool_problem)), "does not take tasks: reading or writing failed; it ended with exit status 3");
    heard_release(&h);
    pool_close();
}

TEST_MAIN
