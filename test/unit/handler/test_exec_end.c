/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler exec: frames, stopping, output files, drain.
 */
#include "exec_rig.h"

TEST(frames_report_progress_and_log)
{
    exec_open_running();
    fake_frame(&fake, 0, "{\"op\":\"progress\",\"percent\":12.5}"); /* the id may be left out */
    CHECK(h.percent == 12.5);
    fake_about(&fake, 0, &h, "progress", ",\"percent\":50");
    CHECK(h.percent == 50);
    fake_frame(&fake, 0, "{\"op\":\"progress\",\"id\":\"00000000-0000-7000-8000-000000000009\",\"percent\":99}");
    fake_frame(&fake, 0, "{\"op\":\"progress\",\"fence\":\"0000000000000009\",\"percent\":99}");
    CHECK_INT(h.n_progress, 2);
    fake_frame(&fake, 0, "{\"op\":\"log\",\"level\":\"warn\",\"text\":\"slow\"}");
    CHECK_STR(buf_str(&h.log), "warn: slow\n");
    fake_exits(&fake, 0, 0);
    exec_close();
}

TEST(a_done_frame_wins_over_the_exit_status_but_waits_for_it)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_STDOUT, "chatter\n");
    fake_frame(&fake, 0, "{\"op\":\"done\",\"result\":{\"x\":1}}");
    fake_frame(&fake, 0, "{\"op\":\"fail\",\"message\":\"too late\"}");
    fake_pass(&fake, 3600000);
    CHECK_INT(h.n_verdicts, 0); /* verdict only once the tree is dead */
    fake_exits(&fake, 0, 1);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"x\":1}");
    CHECK(heard_logged(&h, "chatter\n"));
    exec_close();
}

TEST(a_fail_frame_wins_over_the_exit_status)
{
    exec_open_running();
    fake_frame(&fake, 0, "{\"op\":\"fail\",\"code\":\"invalid_input\",\"message\":\"no video\",\"retry_after_ms\":5}");
    fake_exits(&fake, 0, 0);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "invalid_input");
    CHECK_STR(h.message, "no video");
    CHECK(!h.retryable);
    CHECK_INT(h.retry_after_ms, 5);
    exec_close();
}

TEST(junk_on_descriptor_4_is_killed)
{
    exec_open_running();
    fake_says(&fake, 0, CHILD_FRAMES, "progress: 4\n{\"op\":\"done\"}\n");
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(h.n_verdicts, 0);
    fake_run(&fake);
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "worker_crashed");
    CHECK(str_starts(h.message, STR("the program wrote a line to descriptor 4 that is not JSON: \"progress: 4\" (")));
    CHECK(heard_logged(&h, "bide: the program wrote a line to descriptor 4"));
    exec_close();
}

TEST(stop_is_sigterm_at_once_and_sigkill_at_grace)
{
    exec_open_running();
    int64_t at_ms = fake.now_ms;
    exec_stop(STOP_CANCEL);
    exec_stop(STOP_TIMEOUT); /* no effect */
    CHECK_INT(fake.children[0].terms, 1);
    CHECK_INT(fake.children[0].term_at_ms, at_ms);
    fake_pass(&fake, 9999);
    CHECK_INT(fake.children[0].kills, 0);
    CHECK_INT(h.n_verdicts, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.children[0].kill_at_ms - at_ms, 10000);
    CHECK_INT(h.event, LIFE_STOPPED);
    CHECK_INT(h.code.len, 0);
    exec_close();
}

TEST(a_stop_that_is_obeyed_is_a_stop_whatever_the_status)
{
    exec_open_running();
    exec_stop(STOP_CANCEL);
    fake_exits(&fake, 0, 0);
    CHECK_INT(h.event, LIFE_STOPPED);
    fake_pass(&fake, 20000);
    CHECK_INT(fake.children[0].kills, 0);
    exec_close();
    exec_open_running();
    exec_stop(STOP_TIMEOUT);
    fake_frame(&fake, 0, "{\"op\":\"fail\",\"message\":\"interrupted\"}");
    fake_exits(&fake, 0, 1);
    CHECK_INT(h.event, LIFE_TIMEOUT);
    CHECK_STR(h.code, "timeout");
    CHECK_STR(h.message, "ran longer than 30s");
    exec_close();
    exec_open_running();
    exec_stop(STOP_SHUTDOWN);
    fake_killed(&fake, 0, SIGTERM);
    CHECK_INT(h.event, LIFE_RELEASED);
    exec_close();
}

TEST(a_done_wins_over_a_stop)
{
    exec_open_running();
    exec_stop(STOP_TIMEOUT);
    fake_frame(&fake, 0, "{\"op\":\"done\",\"result\":1}");
    fake_killed(&fake, 0, SIGTERM);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "1");
    exec_close();
}

TEST(what_it_leaves_in_its_directory_is_its_output)
{
    char path[128];
    exec_open_running();
    heard_file(&h, "b.mp4", "x", 1);
    heard_file(&h, "a.srt", "x", 1);
    snprintf(path, sizeof path, "%s/link", h.dir);
    CHECK_INT(symlink("/etc/passwd", path), 0);
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.files, "[\"a.srt\",\"b.mp4\"]");
    exec_close();
}

TEST(named_files_are_the_output_instead)
{
    exec_open_running();
    heard_file(&h, "b.mp4", "x", 1);
    heard_file(&h, "a.srt", "x", 1);
    fake_frame(&fake, 0, "{\"op\":\"done\",\"files\":[\"b.mp4\",\"c\"]}");
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.files, "[\"b.mp4\"]");
    CHECK(heard_logged(&h, "\"c\" is not a file"));
    exec_close();
    exec_open_running();
    heard_file(&h, "big.json", "{\"big\":1}", 9);
    heard_file(&h, "a.srt", "x", 1);
    fake_frame(&fake, 0, "{\"op\":\"done\",\"result_file\":\"big.json\"}");
    fake_exits(&fake, 0, 0);
    CHECK_STR(h.result, "{\"big\":1}");
    CHECK_STR(h.files, "[\"a.srt\"]");
    exec_close();
}

TEST(the_first_256_files_in_order_are_listed)
{
    exec_open_running();
    for (int i = 299; i >= 0; i--) {
        char name[16];
        snprintf(name, sizeof name, "f%03d", i);
        heard_file(&h, name, "x", 1);
    }
    fake_exits(&fake, 0, 0);
    CHECK(str_starts(h.files, STR("[\"f000\",\"f001\",")));
    CHECK(str_ends(h.files, STR(",\"f254\",\"f255\"]")));
    exec_close();
}

static size_t n_views;
static struct worker_view view;
static void see(void *user, const struct worker_view *w)
{
    (void)user;
    n_views++;
    view = *w;
    CHECK_STR(w->id, "render-1");
}

TEST(running_processes_can_be_seen)
{
    exec_open_running();
    n_views = 0;
    exec->ops->each(exec, see, NULL);
    CHECK_INT(n_views, 1);
    CHECK_STR(str_of(view.state), "busy");
    CHECK_INT(view.n_open, 1);
    CHECK(view.open[0] == &h.attempt);
    exec_stop(STOP_CANCEL);
    exec->ops->each(exec, see, NULL);
    CHECK_STR(str_of(view.state), "stopping");
    fake_exits(&fake, 0, 0);
    n_views = 0;
    exec->ops->each(exec, see, NULL);
    CHECK_INT(n_views, 0);
    exec_close();
}

TEST(a_process_of_one_task_is_no_worker_and_the_refusal_names_the_task)
{
    struct err e = {0};
    exec_open_running();
    for (int verb = HANDLER_RECYCLE; verb <= HANDLER_STOP; verb++) {
        CHECK_INT(exec->ops->control(exec, STR("render-1"), (enum handler_verb)verb, &e), ERR_CONFLICT);
        CHECK_STR(str_of(e.text), "render-1 is the process of one task and ends with it: cancel the task, "
                                  "00000000-0000-7000-8000-000000000001");
        CHECK_INT(exec->ops->control(exec, STR("render-2"), (enum handler_verb)verb, &e), ERR_NOT_FOUND);
    }
    exec->ops->each(exec, see, NULL);
    CHECK_STR(str_of(view.state), "busy");
    fake_exits(&fake, 0, 0);
    CHECK_INT(exec->ops->control(exec, STR("render-1"), HANDLER_STOP, &e), ERR_NOT_FOUND);
    exec_close();
}

TEST(drain_waits_for_what_runs_and_starts_nothing)
{
    struct err e;
    struct heard other;
    exec_open_running();
    exec->ops->drain(exec, fake_on_drained, &fake);
    fake_pass(&fake, 3600000);
    CHECK_INT(fake.drained, 0);
    CHECK_INT(exec->ops->room(exec), 0);
    heard_init(&other, exec, 2, "{\"path\":\"x\"}");
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&other.attempt}, 1, &e), ERR_DRAINING);
    heard_release(&other);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.drained, 1);
    exec_close();
    exec_open_with(EXEC_STDOUT_AUTO);
    exec->ops->drain(exec, fake_on_drained, &fake);
    CHECK_INT(fake.drained, 0);
    fake_run(&fake);
    CHECK_INT(fake.drained, 1);
    fake_close(&fake, exec);
}

TEST(a_fail_frame_stands_however_much_is_printed_after_it)
{
    static char much[LIMIT_RESULT / 2 + 2];
    memset(much, 'x', sizeof much - 1);
    exec_open_running();
    fake_frame(&fake, 0, "{\"op\":\"fail\",\"message\":\"try later\",\"retry\":true}");
    fake_says(&fake, 0, CHILD_STDOUT, much);
    fake_says(&fake, 0, CHILD_STDOUT, much);
    CHECK_INT(fake.children[0].kills, 0);
    fake_exits(&fake, 0, 1);
    CHECK_STR(h.code, "worker_error");
    CHECK_STR(h.message, "try later");
    CHECK(h.retryable);
    exec_close();
}

TEST(more_files_than_are_kept_are_noted_in_the_log)
{
    char name[16];
    exec_open_running();
    for (int i = 0; i < LIMIT_FILES + 3; i++) {
        snprintf(name, sizeof name, "f%d", i);
        heard_file(&h, name, "x", 1);
    }
    fake_exits(&fake, 0, 0);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK(heard_logged(&h, "bide: 3 more files were left out: an attempt has at most 256\n"));
    exec_close();
}

TEST(what_a_process_saves_on_descriptor_4_is_passed_on)
{
    exec_open_running();
    fake_frame(&fake, 0, "{\"op\":\"save\",\"data\":[1]}");
    CHECK_INT(h.n_saves, 1);
    CHECK_STR(str_of(h.saved), "[1]");
    fake_exits(&fake, 0, 0);
    exec_close();
}

TEST(what_an_earlier_attempt_saved_is_a_file_that_the_environment_names_and_no_output)
{
    static const char *const env[] = {"A=1", NULL};
    for (int with_env = 0; with_env <= 1; with_env++) {
        char wanted[128], text[64] = "";
        struct err e = {0};
        exec_open_with(EXEC_STDOUT_AUTO);
        conf.env = with_env ? env : NULL;
        heard_init(&h, exec, 1, "{\"path\":\"a b\"}");
        h.attempt.resume = STR("{\"at\": 3}");
        CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
        CHECK_INT(fake.children[0].n_env, 1 + with_env);
        snprintf(wanted, sizeof wanted, "BIDE_RESUME=%s/resume.json", h.dir);
        CHECK_STR(str_of(fake.children[0].env[with_env]), wanted);
        if (with_env) CHECK_STR(str_of(fake.children[0].env[0]), "A=1");
        FILE *file = fopen(wanted + strlen("BIDE_RESUME="), "r");
        CHECK(file && fgets(text, sizeof text, file));
        fclose(file);
        CHECK_STR(str_of(text), "{\"at\": 3}");
        fake_exits(&fake, 0, 0);
        CHECK_INT(h.event, LIFE_DONE);
        CHECK_STR(h.files, "");
        exec_close();
    }
    exec_open_running();
    CHECK_INT(fake.children[0].n_env, 0); /* without one there is nothing */
    fake_exits(&fake, 0, 0);
    exec_close();
}

TEST_MAIN
