/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler exec, second mode, on the fake spawner: submit, ask, fetch, cancel; answers that are of no use; bounds.
 */
#include "exec_poll_rig.h"

TEST(it_submits_asks_until_it_is_done_and_fetches_the_result)
{
    poll_submitted();
    CHECK(heard_logged(&h, "bide: submitted, the remote id is 7\n"));
    poll_asks(2);
    answers("{\"status\":\"running\",\"progress\":40,\"message\":\"page 4\"}", 0);
    CHECK(h.percent == 40);
    CHECK_STR(str_of(h.progress_message), "page 4");
    poll_asks(3);
    answers("{\"status\":\"queued\"}", 0);
    CHECK_INT(h.n_progress, 1);
    poll_asks(4);
    answers("{\"status\":\"completed\",\"progress\":100}", 0);
    check_call(5, "result"); /* at once */
    CHECK_INT(h.n_verdicts, 0);
    answers("{\"title\":\"x\"}\n", 0);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"title\":\"x\"}");
    exec_close();
}

TEST(without_a_result_command_the_last_answer_is_the_result)
{
    poll_conf();
    conf.poll.result = NULL;
    poll_start();
    answers("{\"task_id\":\"7\"}", 0);
    poll_asks(2);
    answers("{\"status\":\"completed\",\"url\":\"u\"}", 0);
    CHECK_STR(h.result, "{\"status\":\"completed\",\"url\":\"u\"}");
    CHECK_INT(fake.n, 2);
    exec_close();
}

TEST(plain_words_are_understood_too)
{
    poll_conf();
    conf.poll.id = conf.poll.state = "";
    poll_start();
    answers("7\n", 0);
    poll_asks(2);
    answers("running\n", 0);
    poll_asks(3);
    answers("completed\n", 0);
    check_call(4, "result");
    answers("not json\n", 0);
    CHECK_STR(h.result, "{\"stdout\":\"not json\\n\"}");
    exec_close();
}

TEST(a_remote_failure_fails_the_attempt_in_its_words)
{
    poll_submitted();
    poll_asks(2);
    answers("{\"status\":\"failed\",\"error\":\"no such account\"}", 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "no such account");
    CHECK(h.retryable);
    exec_close();
    poll_submitted();
    poll_asks(2);
    answers("{\"status\":\"cancelled\",\"error\":null}", 0);
    CHECK_STR(h.message, "the remote task is cancelled");
    exec_close();
}

TEST(a_submit_that_fails_is_an_exit_like_any_other)
{
    poll_conf();
    poll_start();
    fake_says(&fake, 0, CHILD_STDERR, "quota\n");
    answers(NULL, 75);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "quota");
    CHECK(h.retryable);
    exec_close();
    poll_conf();
    poll_start();
    fake_not_executed(&fake, 0, ENOENT);
    CHECK_STR(h.code, "load_failed");
    exec_close();
    poll_conf();
    poll_start();
    fake_not_executed(&fake, 0, EAGAIN);
    CHECK_INT(h.event, LIFE_UNSTARTED);
    exec_close();
}

TEST(a_submit_without_an_id_is_not_tried_again)
{
    static const char *const said[] = {"{\"id\":7}", "ok", "{\"task_id\":\"\"}", "{\"task_id\":\"a\\u0000b\"}", ""};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        poll_conf();
        poll_start();
        answers(said[i], 0);
        CHECK_STR(h.code, "bad_result");
        CHECK(!h.retryable);
        CHECK(str_starts(h.message, STR("no id at \"/task_id\" of what the command said: ")));
        exec_close();
    }
}

TEST(an_answer_of_no_use_is_asked_for_again_so_many_times)
{
    poll_submitted();
    poll_asks(2);
    answers("oops", 0);
    CHECK(heard_logged(&h, "bide: status, answer 1 of 3 that is of no use: not JSON: "));
    poll_asks(3);
    fake_says(&fake, 2, CHILD_STDERR, "connection refused\n");
    answers(NULL, 1);
    CHECK(heard_logged(&h, "answer 2 of 3 that is of no use: connection refused\n"));
    poll_asks(4);
    answers("{\"status\":\"running\"}", 0); /* the count begins anew */
    for (int n = 5; n <= 7; n++) {
        CHECK_INT(h.n_verdicts, 0);
        poll_asks(n);
        answers("{\"state\":\"running\"}", 0);
    }
    CHECK_STR(h.code, "bad_result");
    CHECK_STR(h.message, "status, 3 times in a row: nothing at \"/status\"");
    exec_close();
}

TEST(a_result_that_cannot_be_fetched_is_asked_for_again_so_many_times)
{
    poll_submitted();
    poll_asks(2);
    answers("{\"status\":\"completed\"}", 0);
    for (int n = 3; n <= 5; n++) {
        check_call(n, "result");
        CHECK_INT(h.n_verdicts, 0);
        answers(NULL, 1);
        fake_pass(&fake, n < 5 ? 2000 : 0);
    }
    CHECK_STR(h.code, "bad_result");
    CHECK_STR(h.message, "result, 3 times in a row: the program ended with exit status 1");
    exec_close();
}

TEST(a_call_that_takes_too_long_is_ended)
{
    poll_submitted();
    poll_asks(2);
    fake_pass(&fake, 59999);
    CHECK_INT(fake.children[1].terms, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[1].terms, 1);
    fake_pass(&fake, 1000);
    CHECK_INT(fake.children[1].kills, 1);
    CHECK(heard_logged(&h, "answer 1 of 3 that is of no use: ran longer than 1m\n"));
    poll_asks(3);
    answers("{\"status\":\"failed\"}", 0);
    exec_close();
}

TEST(a_machine_short_of_processes_is_no_answer_of_no_use)
{
    poll_submitted();
    for (int n = 2; n <= 8; n++) {
        poll_asks(n);
        fake_not_executed(&fake, n - 1, EAGAIN);
    }
    fake.start_error = ERR_AGAIN;
    fake_pass(&fake, 60000);
    CHECK_INT(h.n_verdicts, 0);
    fake.start_error = ERR_IO; /* that is another matter */
    fake_pass(&fake, 6000);
    CHECK_STR(h.code, "bad_result");
    exec_close();
}

TEST(too_much_of_a_result_fails_for_good)
{
    static char much[LIMIT_RESULT + 2];
    memset(much, 'x', sizeof much - 1);
    poll_submitted();
    poll_asks(2);
    answers("{\"status\":\"completed\"}", 0);
    fake_says(&fake, 2, CHILD_STDOUT, much);
    CHECK_INT(fake.children[2].kills, 1);
    fake_run(&fake);
    CHECK_STR(h.code, "output_too_large");
    exec_close();
}

TEST(a_cancel_while_it_waits_tells_the_other_side)
{
    poll_submitted();
    exec_stop(STOP_CANCEL);
    check_call(2, "cancel");
    CHECK_INT(h.n_verdicts, 0);
    answers(NULL, 0);
    CHECK_INT(h.event, LIFE_STOPPED);
    exec_close();
}

TEST(a_timeout_ends_the_question_and_tells_the_other_side)
{
    poll_submitted();
    poll_asks(2);
    exec_stop(STOP_TIMEOUT);
    exec_stop(STOP_CANCEL); /* no effect */
    CHECK_INT(fake.children[1].kills, 1);
    check_call(3, "cancel");
    fake_says(&fake, 2, CHILD_STDERR, "no such task\n");
    answers(NULL, 1);
    CHECK(heard_logged(&h, "bide: cancel: no such task\n"));
    CHECK_INT(h.event, LIFE_TIMEOUT);
    exec_close();
}

TEST(a_cancel_command_that_hangs_is_dead_when_grace_is_over)
{
    poll_submitted();
    int64_t at_ms = fake.now_ms;
    exec_stop(STOP_CANCEL);
    fake_pass(&fake, 9999);
    CHECK_INT(fake.children[1].terms, 1);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[1].kill_at_ms - at_ms, 10000);
    CHECK_INT(h.event, LIFE_STOPPED);
    exec_close();
}

TEST(a_stop_during_the_submit_cancels_what_it_still_submitted)
{
    poll_conf();
    poll_start();
    int64_t at_ms = fake.now_ms;
    exec_stop(STOP_CANCEL);
    CHECK_INT(fake.children[0].terms, 1);
    fake_pass(&fake, 3000);
    answers("{\"task_id\":7}", 0);
    check_call(2, "cancel");
    fake_pass(&fake, 7000);
    CHECK_INT(fake.children[1].kill_at_ms - at_ms, 10000);
    CHECK_INT(h.event, LIFE_STOPPED);
    exec_close();
    poll_conf();
    poll_start();
    exec_stop(STOP_CANCEL);
    fake_pass(&fake, 5000);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(fake.n, 1); /* no id, nobody to tell */
    CHECK_INT(h.event, LIFE_STOPPED);
    exec_close();
}

TEST(without_a_cancel_command_a_stop_is_over_at_once_but_not_from_inside)
{
    poll_conf();
    conf.poll.cancel = NULL;
    poll_start();
    answers("{\"task_id\":7}", 0);
    exec->ops->stop(exec, &h.attempt, STOP_CANCEL);
    CHECK_INT(h.n_verdicts, 0);
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_STOPPED);
    fake_pass(&fake, 10000);
    CHECK_INT(fake.n, 1);
    exec_close();
}

TEST(an_input_that_does_not_fit_is_refused_and_a_spawner_that_cannot_start_starts_nothing)
{
    struct err e = {0};
    poll_conf();
    fake_init(&fake);
    CHECK_INT(exec_new(&exec, &fake.turn, &fake.spawner, &conf), 0);
    heard_init(&h, exec, 1, "{}");
    fake.start_error = ERR_AGAIN;
    struct heard other;
    heard_init(&other, exec, 2, "{\"path\":1}");
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&other.attempt}, 1, &e), ERR_AGAIN);
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
    CHECK_INT(h.n_verdicts, 0);
    fake_run(&fake);
    CHECK_STR(h.code, "invalid_input");
    CHECK_INT(other.n_verdicts, 0);
    heard_release(&other);
    exec_close();
}

TEST_MAIN
