/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler exec: one process per attempt, what it is given, its output, its exit.
 */
#include "exec_rig.h"

TEST(the_command_is_filled_in_and_the_input_is_on_stdin_and_in_a_file)
{
    char path[128], text[64] = "";
    exec_open_running();
    CHECK(exec->ops->room(exec) > 1000);
    CHECK_INT(fake.children[0].n_argv, 4);
    CHECK_STR(str_of(fake.children[0].argv[0]), "creator");
    CHECK_STR(str_of(fake.children[0].argv[2]), "a b");
    CHECK_STR(str_of(fake.children[0].argv[3]), "1");
    CHECK_STR(buf_str(&fake.children[0].input), "{\"path\":\"a b\"}");
    CHECK(fake.children[0].frames);
    CHECK(fake.children[0].input_closed); /* of descriptor 3 */
    snprintf(path, sizeof path, "%s/input.json", h.dir);
    FILE *file = fopen(path, "r");
    CHECK(file);
    CHECK(fgets(text, sizeof text, file));
    fclose(file);
    CHECK_STR(str_of(text), "{\"path\":\"a b\"}");
    fake_exits(&fake, 0, 0);
    exec_close();
}

TEST(stdout_is_the_result_when_it_is_json)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDOUT, " {\"a\":");
    fake_says(&fake, 0, CHILD_STDOUT, " 1}\n");
    CHECK_INT(h.n_verdicts, 0);
    fake_exits(&fake, 0, 0);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"a\": 1}");
    CHECK_STR(h.files, "");
    CHECK_INT(h.log.len, 0);
    exec_close();
}

TEST(other_stdout_is_wrapped)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDOUT, "hello \"you\"\xFF\n");
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.result, "{\"stdout\":\"hello \\\"you\\\"\xEF\xBF\xBD\\n\"}");
    exec_close();
    exec_open_running();
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.result, "{\"stdout\":\"\"}");
    exec_close();
    exec_open_running_with(EXEC_STDOUT_TEXT);
    fake_says(&fake, 0, CHILD_STDOUT, "7\n");
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.result, "{\"stdout\":\"7\\n\"}");
    exec_close();
}

TEST(stdout_that_must_be_json_and_is_not_is_a_bad_result)
{
    exec_open_running_with(EXEC_STDOUT_JSON);
    fake_says(&fake, 0, CHILD_STDOUT, "{\"a\": 1, \"b\": oops}");
    fake_exits(&fake, 0, 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "bad_result");
    CHECK(str_starts(h.message, STR("stdout is not JSON: ")));
    CHECK(strstr(h.message.p, "at byte 14"));
    CHECK(h.retryable);
    CHECK(heard_logged(&h, "oops")); /* what is not the result is log */
    exec_close();
}

TEST(too_much_stdout_is_killed)
{
    exec_open_running();
    size_t len = LIMIT_RESULT / 4;
    char *text = malloc(len + 1);
    memset(text, '7', len);
    text[len] = '\0';
    for (int i = 0; i < 4; i++) fake_says(&fake, 0, CHILD_STDOUT, text);
    CHECK_INT(fake.children[0].kills, 0);
    fake_says(&fake, 0, CHILD_STDOUT, "7");
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(h.n_verdicts, 0);
    fake_says(&fake, 0, CHILD_STDOUT, text);
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "output_too_large");
    CHECK(!h.retryable);
    CHECK(h.log.len <= LIMIT_LOG + 1024);
    free(text);
    exec_close();
}

TEST(text_that_is_too_large_once_it_is_wrapped_is_refused)
{
    exec_open_running_with(EXEC_STDOUT_TEXT);
    char *text = malloc(LIMIT_RESULT + 1);
    memset(text, '"', LIMIT_RESULT);
    text[LIMIT_RESULT] = '\0';
    fake_says(&fake, 0, CHILD_STDOUT, text);
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.code, "output_too_large");
    free(text);
    exec_close();
}

TEST(a_failure_is_told_by_the_last_line_of_stderr)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDERR, "reading\ncannot open a b: \xFF\n \n");
    fake_exits(&fake, 0, 2);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "cannot open a b: \xEF\xBF\xBD");
    CHECK_STR(h.detail, "reading\ncannot open a b: \xEF\xBF\xBD\n \n");
    CHECK(h.retryable);
    CHECK(heard_logged(&h, "reading\ncannot open a b"));
    exec_close();
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDOUT, "half a result");
    fake_exits(&fake, 0, 3);
    CHECK_STR(h.message, "exit status 3");
    CHECK_STR(buf_str(&h.log), "half a result");
    exec_close();
}

TEST(exit_75_asks_for_another_try)
{
    exec_open_running();
    fake_exits(&fake, 0, 75);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "exit status 75");
    CHECK(h.retryable);
    exec_close();
}

TEST(a_signal_is_a_crash_of_the_program_not_of_a_worker)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDERR, "oh\n");
    fake_killed(&fake, 0, SIGABRT);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_crashed");
    CHECK_STR(h.message, "the program was ended by signal 6 (Aborted)");
    CHECK_STR(h.detail, "oh\n");
    CHECK(h.retryable);
    exec_close();
}

TEST(a_program_that_cannot_be_run_is_named)
{
    exec_open_running();
    fake_not_executed(&fake, 0, ENOENT);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "load_failed");
    CHECK_STR(h.message, "cannot run creator: No such file or directory");
    CHECK(h.retryable);
    exec_close();
}

TEST(a_template_that_does_not_fit_the_input_starts_nothing)
{
    struct err e = {0};
    exec_open_with(EXEC_STDOUT_AUTO);
    heard_init(&h, exec, 1, "{\"file\":\"x\"}");
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
    CHECK_INT(h.n_verdicts, 0); /* not from inside start */
    exec->ops->stop(exec, &h.attempt, STOP_CANCEL);
    fake_run(&fake);
    CHECK_INT(fake.n, 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "invalid_input");
    CHECK_STR(h.message, "{input.path}: the input has no member \"path\"");
    CHECK(!h.retryable);
    exec_close();
}

TEST(a_spawner_that_cannot_start_is_an_error_and_no_verdict_follows)
{
    struct err e = {0};
    exec_open_with(EXEC_STDOUT_AUTO);
    heard_init(&h, exec, 1, "{\"path\":\"x\"}");
    fake.start_error = ERR_IO;
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), ERR_IO);
    CHECK_STR(str_of(e.text), "no more processes");
    fake_close(&fake, exec);
    CHECK_INT(h.n_verdicts, 0);
    heard_release(&h);
}

TEST(a_directory_that_is_gone_is_an_error)
{
    struct err e = {0};
    exec_open_with(EXEC_STDOUT_AUTO);
    heard_init(&h, exec, 1, "{\"path\":\"x\"}");
    rmdir(h.dir);
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), ERR_IO);
    CHECK_INT(fake.n, 0);
    fake_close(&fake, exec);
    heard_release(&h);
}

TEST(arguments_that_no_program_can_be_given_are_the_inputs_fault)
{
    struct err e = {0};
    exec_open_with(EXEC_STDOUT_AUTO);
    fake.start_error = ERR_TOO_BIG;
    heard_init(&h, exec, 1, "{\"path\":\"a\"}");
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
    CHECK_INT(h.n_verdicts, 0); /* never from inside */
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "invalid_input");
    CHECK(!h.retryable);
    CHECK(str_starts(h.message, STR("the arguments are together longer")));
    exec_close();
}

TEST(a_machine_without_processes_is_no_fault_of_the_task)
{
    static const int shortages[] = {EAGAIN, ENOMEM, EMFILE, ENFILE};
    for (size_t i = 0; i < sizeof shortages / sizeof *shortages; i++) {
        exec_open_running();
        fake_not_executed(&fake, 0, shortages[i]);
        CHECK_INT(h.event, LIFE_UNSTARTED);
        CHECK_INT(h.code.len, 0);
        CHECK(str_starts(h.shortage, STR("cannot run creator: ")));
        exec_close();
    }
}

TEST(a_directory_that_is_not_there_is_told_from_a_program_that_is_not)
{
    exec_open_running();
    fake_end(&fake.children[0], (struct child_exit){.sys = ENOENT, .status = -1, .at = "its working directory"});
    CHECK_STR(h.code, "load_failed");
    CHECK_STR(h.message, "cannot run creator: its working directory: No such file or directory");
    exec_close();
}

TEST_MAIN
