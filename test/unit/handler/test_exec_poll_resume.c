/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attempt of exec with `poll` leaves to the next one of its run: what was submitted is asked for, not submitted again,
 * unless its ending was told.
 */
#include "exec_poll_rig.h"

/* It is submitted; then bide ends, and nobody is told; another attempt begins. */
static void lose(void)
{
    poll_submitted();
    CHECK_INT(h.n_saves, 1);
    exec_stop(STOP_SHUTDOWN);
    fake_run(&fake);
    CHECK_INT(fake.n, 1);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(h.n_saves, 1);
    str_copy(resume, sizeof resume, str_of(h.saved));
    exec_close();
}

static void end(void)
{
    exec_close();
    resume[0] = '\0';
}

TEST(what_was_submitted_is_asked_for_at_once_by_the_next_attempt_and_not_submitted_again)
{
    static const char *const status[] = {"tool", "status", "{remote.id}", "{attempt}", NULL};
    lose();
    poll_conf();
    conf.poll.status = status;
    poll_start();
    CHECK_INT(fake.n, 1);
    CHECK_STR(str_of(fake.children[0].argv[1]), "status");
    CHECK_STR(str_of(fake.children[0].argv[2]), "7");
    CHECK_STR(str_of(fake.children[0].argv[3]), "1"); /* that submitted it */
    CHECK(heard_logged(&h, "attempt 1 has done so: the remote id is 7"));
    answers("{\"status\":\"completed\"}", 0);
    CHECK_STR(str_of(fake.children[1].argv[1]), "result");
    answers("[1]", 0);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "[1]");
    CHECK_INT(h.n_saves, 0);
    end();
}

TEST(after_an_ending_that_was_told_it_is_submitted_again)
{
    lose();
    poll_conf();
    poll_start();
    answers("{\"status\":\"failed\"}", 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_INT(h.n_saves, 1);
    CHECK_STR(str_of(h.saved), "");
    end();
}

TEST(a_cancel_tells_the_other_side_of_what_an_earlier_attempt_submitted)
{
    lose();
    poll_conf();
    poll_start();
    exec_stop(STOP_CANCEL);
    check_call(2, "cancel");
    answers(NULL, 0);
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_STR(str_of(h.saved), "");
    end();
}

static void check_submits(const char *why)
{
    poll_start();
    check_call(1, "submit");
    CHECK(heard_logged(&h, why));
    answers("{\"task_id\":8}", 0);
    CHECK(strstr(h.saved, "\"id\":\"8\"") != NULL);
    exec_stop(STOP_SHUTDOWN);
    fake_run(&fake);
    end();
}

TEST(what_another_command_submitted_or_no_command_did_is_not_asked_for)
{
    static const char *const other[] = {"other", "submit", "{input.path}", NULL};
    lose();
    poll_conf();
    conf.command = other;
    check_submits("ignored: the type has another `exec` now");
    str_copy(resume, sizeof resume, STR("{\"at\":3}"));
    poll_conf();
    check_submits("ignored: it is not one of an exec type with `poll`");
}

TEST_MAIN
