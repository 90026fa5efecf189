/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's loop as bide sees it: frames in, frames out, over real pipes.
 */
#include "play.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static struct play play;
#define READY "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":1}"

static int echo(void *user, struct bide_task *t)
{
    (void)user;
    return bide_task_done(t, bide_task_input(t));
}

TEST(says_ready_runs_a_task_and_repeats_its_fence)
{
    play_start(&play, &(struct bide_worker){.run = echo});
    CHECK_STR(str_of(play_hear(&play)), READY);
    play_say(&play, RUN("t1", "{\"a\" : [1, 2.50]}"));
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":{\"a\" : [1, 2.50]}}");
    play_say(&play, "{\"op\":\"stop\"}");
    CHECK_INT(play_end(&play), 0);
}

static _Atomic int loads, unloads;
static int step_load(void *user, struct bide_error *e)
{
    (void)user;
    (void)e;
    loads++;
    return 0;
}
static void step_unload(void *user)
{
    (void)user;
    unloads++;
}

TEST(loads_before_ready_and_unloads_at_end_of_file)
{
    loads = unloads = 0;
    play_start(&play, &(struct bide_worker){.load = step_load, .run = echo, .unload = step_unload});
    CHECK_STR(str_of(play_hear(&play)), READY);
    CHECK_INT(loads, 1);
    CHECK_INT(unloads, 0);
    CHECK_INT(play_end(&play), 0);
    CHECK_INT(unloads, 1);
}

static int no_model(void *user, struct bide_error *e)
{
    (void)user;
    snprintf(e->text, sizeof e->text, "there is no model");
    return -1;
}

TEST(a_failed_load_is_told_and_says_nothing_to_bide)
{
    unloads = 0;
    struct bide_error error = {0};
    play_start(&play, &(struct bide_worker){.load = no_model, .run = echo, .unload = step_unload, .error = &error});
    CHECK_INT(play_end(&play), -1);
    CHECK_STR(str_of(error.text), "there is no model");
    CHECK_STR(str_of(error.code), "load_failed");
    CHECK_INT(unloads, 0);
}

static int tell(void *user, struct bide_task *t)
{
    (void)user;
    MUST(strcmp(bide_task_id(t), "t1") == 0);
    MUST(strcmp(bide_task_type(t), "t") == 0);
    MUST(strcmp(bide_task_dir(t), "/d") == 0);
    MUST(bide_task_attempt(t) == 2);
    MUST(bide_task_timeout_ms(t) == 900);
    MUST(bide_task_resume(t) == NULL);
    MUST(bide_task_input_len(t) == 2);
    MUST(bide_task_progress(t, 40, "segment \"4\"/10") == 0);
    MUST(bide_task_progress(t, -1, NULL) == 0);
    MUST(bide_task_log(t, NULL, "lang=en\n") == 0);
    MUST(bide_task_output(t, "hello ", 6) == 0);
    MUST(bide_task_output(t, "world", 5) == 0);
    MUST(bide_task_save(t, "{\n\"at\":3}") == 0);
    return bide_task_fail(t, &(struct bide_failure){.code = "quota",
                                                    .message = "no more",
                                                    .detail = "line 1\nline 2",
                                                    .type = "E",
                                                    .retry = true,
                                                    .retry_after_ms = 1500,
                                                    .recycle = true});
}

TEST(all_a_worker_can_say_is_one_line_each)
{
    play_start(&play, &(struct bide_worker){.run = tell});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    CHECK_STR(str_of(play_hear(&play)), SAID("progress", "t1") ",\"percent\":40,\"message\":\"segment \\\"4\\\"/10\"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("progress", "t1") "}");
    CHECK_STR(str_of(play_hear(&play)), SAID("log", "t1") ",\"level\":\"info\",\"text\":\"lang=en\\n\"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("output", "t1") ",\"n\":0,\"data\":\"hello \"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("output", "t1") ",\"n\":1,\"data\":\"world\"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("save", "t1") ",\"data\":{ \"at\":3}}");
    CHECK_STR(str_of(play_hear(&play)),
              SAID("fail", "t1") ",\"code\":\"quota\",\"message\":\"no more\",\"detail\":\"line 1\\nline 2\","
                                 "\"type\":\"E\",\"retry\":true,\"retry_after_ms\":1500,\"recycle\":true}");
    CHECK_INT(play_end(&play), 0);
}

static int tell_next(void *user, struct bide_task *t)
{
    static char *large;
    (void)user;
    MUST(bide_task_add_next(t, NULL) == -1);
    MUST(strcmp(bide_task_error(t)->code, "invalid_json") == 0);
    MUST(bide_task_add_next(t, "{\"type\"}") == -1);
    MUST(strcmp(bide_task_error(t)->code, "invalid_json") == 0);
    MUST(bide_task_add_next(t, "[\"type\"]") == -1);
    MUST(strcmp(bide_task_error(t)->code, "invalid") == 0);
    large = calloc(1, 600 * 1024);
    MUST(large != NULL);
    memset(large, ' ', 600 * 1024 - 1);
    memcpy(large, "{\"type\":", 8);
    memcpy(large + 600 * 1024 - 5, "\"a\"}", 4);
    MUST(bide_task_add_next(t, large) == -1);
    MUST(strcmp(bide_task_error(t)->code, "too_large") == 0);
    free(large);
    MUST(bide_task_add_next(t, "\n{\"type\":\n\"a\"} ") == 0);
    for (int i = 1; i < 16; i++) MUST(bide_task_add_next(t, "{}") == 0);
    MUST(bide_task_add_next(t, "{}") == -1);
    MUST(strcmp(bide_task_error(t)->code, "too_large") == 0);
    if (strcmp(bide_task_input(t), "1") == 0) return bide_task_fail(t, &(struct bide_failure){.message = "no"});
    MUST(bide_task_done(t, "7") == 0);
    MUST(bide_task_add_next(t, "{}") == -1);
    MUST(strcmp(bide_task_error(t)->code, "conflict") == 0);
    return 0;
}

TEST(what_is_to_follow_is_told_with_done_and_not_with_fail)
{
    play_start(&play, &(struct bide_worker){.run = tell_next});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":7,\"next\":[{\"type\": \"a\"} ,{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}");
    play_say(&play, RUN("t1", "1"));
    CHECK_STR(str_of(play_hear(&play)), SAID("fail", "t1") ",\"code\":\"worker_error\",\"message\":\"no\",\"retry\":false}");
    CHECK_INT(play_end(&play), 0);
}

static int tell_data(void *user, struct bide_task *t)
{
    static char long_data[17 * 1024];
    (void)user;
    memset(long_data, ' ', sizeof long_data - 1);
    memcpy(long_data, "{}", 2);
    MUST(bide_task_progress_data(t, 5, "m", "{\"a\":\n1}\n") == 0);
    MUST(bide_task_progress_data(t, -1, NULL, "{}") == 0);
    MUST(bide_task_progress_data(t, 5, NULL, "[1]") == -1);
    MUST(strcmp(bide_task_error(t)->code, "invalid") == 0);
    MUST(bide_task_progress_data(t, 5, NULL, "{\"a\"}") == -1);
    MUST(strcmp(bide_task_error(t)->code, "invalid_json") == 0);
    MUST(bide_task_progress_data(t, 5, NULL, long_data) == -1);
    MUST(strcmp(bide_task_error(t)->code, "too_large") == 0);
    return bide_task_done(t, "null");
}

TEST(progress_takes_an_object_of_the_workers_own)
{
    play_start(&play, &(struct bide_worker){.run = tell_data, .ping = true});
    CHECK_STR(str_of(play_hear(&play)),
              "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":1,\"ping\":true}");
    play_say(&play, RUN("t1", "{}"));
    CHECK_STR(str_of(play_hear(&play)),
              SAID("progress", "t1") ",\"percent\":5,\"message\":\"m\",\"data\":{\"a\": 1} }");
    CHECK_STR(str_of(play_hear(&play)), SAID("progress", "t1") ",\"data\":{}}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":null}");
    play_say(&play, "{\"op\":\"ping\",\"n\":7}"); /* between tasks */
    CHECK_STR(str_of(play_hear(&play)), "{\"op\":\"pong\",\"n\":7}");
    CHECK_INT(play_end(&play), 0);
}

static int go_on(void *user, struct bide_task *t)
{
    (void)user;
    int64_t at = 0;
    MUST(bide_task_resume(t) != NULL);
    MUST(bide_json_int(bide_task_resume(t), "at", &at) == BIDE_JSON_FOUND && at == 3);
    return bide_task_done(t, bide_task_resume(t));
}

TEST(what_an_earlier_attempt_saved_comes_back)
{
    play_start(&play, &(struct bide_worker){.run = go_on});
    play_hear(&play);
    play_say(&play, "{\"op\":\"run\",\"tasks\":[{\"id\":\"t1\",\"fence\":\"00000000000000a1\",\"input\":{},\"resume\":{"
                    "\"at\" :3}}]}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":{\"at\" :3}}");
    CHECK_INT(play_end(&play), 0);
}

static int until_cancelled(void *user, struct bide_task *t)
{
    (void)user;
    if (bide_task_progress(t, 1, NULL)) return -1;
    while (!bide_task_cancelled(t)) {
    }
    return 0;
}

TEST(a_cancel_is_seen_while_the_task_runs)
{
    play_start(&play, &(struct bide_worker){.run = until_cancelled});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    play_hear(&play); /* it runs */
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"t2\",\"fence\":\"00000000000000a1\"}");
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"t1\",\"fence\":\"00000000000000a2\"}");
    play_say(&play, "{\"op\":\"ping\",\"n\":5}");
    CHECK_STR(str_of(play_hear(&play)), "{\"op\":\"pong\",\"n\":5}"); /* neither of those two was about it */
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"t1\",\"fence\":\"00000000000000a1\",\"reason\":\"user\"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("cancelled", "t1") "}");
    play_say(&play, "{\"op\":\"unheard of\"}");
    play_say(&play, RUN("t1", "{}")); /* a later attempt is not cancelled by it */
    CHECK_STR(str_of(play_hear(&play)), SAID("progress", "t1") ",\"percent\":1}");
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"t1\"}");
    CHECK_STR(str_of(play_hear(&play)), SAID("cancelled", "t1") "}");
    CHECK_INT(play_end(&play), 0);
}

static int after_done(void *user, struct bide_task *t)
{
    MUST(bide_task_done(t, "1") == 0);
    MUST(bide_task_done(t, "2") == -1);
    MUST(bide_task_progress(t, 50, NULL) == -1);
    MUST(bide_task_fail(t, &(struct bide_failure){.message = "no"}) == -1);
    MUST(strstr(bide_task_error(t)->text, "already given") != NULL);
    while (!bide_task_cancelled(t) && !*(int *)user) *(int *)user = 1; /* looks at the next frame and leaves it */
    return -1;
}

TEST(the_first_verdict_stands_and_the_next_run_waits_its_turn)
{
    int looked = 0;
    play_start(&play, &(struct bide_worker){.run = after_done, .user = &looked});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}") "\n" RUN("t2", "{}"));
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":1}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t2") ",\"result\":1}");
    CHECK_INT(play_end(&play), 0);
    CHECK_INT(looked, 1);
}

static int silent(void *user, struct bide_task *t)
{
    (void)t;
    return *(int *)user;
}

TEST(a_worker_without_a_verdict_gets_one)
{
    int ret = 0;
    play_start(&play, &(struct bide_worker){.run = silent, .user = &ret});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    CHECK_STR(
        str_of(play_hear(&play)),
        SAID("fail",
             "t1") ",\"code\":\"no_reply\",\"message\":\"the worker returned without a verdict\",\"retry\":true}");
    ret = 7;
    play_say(&play, RUN("t2", "{}"));
    CHECK_STR(str_of(play_hear(&play)),
              SAID("fail", "t2") ",\"code\":\"worker_error\",\"message\":\"the worker returned 7\",\"retry\":true}");
    CHECK_INT(play_end(&play), 0);
}

static int bad_result(void *user, struct bide_task *t) { return bide_task_done(t, user); }

TEST(a_result_that_is_not_json_costs_the_task_alone)
{
    play_start(&play, &(struct bide_worker){.run = bad_result, .user = (void *)"{\"a\":}"});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    CHECK(str_starts(str_of(play_hear(&play)),
                     str_of(SAID("fail", "t1") ",\"code\":\"bad_result\",\"message\":\"the result is not JSON: ")));
    play_say(&play, RUN("t2", "{}"));
    CHECK(str_starts(str_of(play_hear(&play)), str_of(SAID("fail", "t2") ",\"code\":\"bad_result\"")));
    CHECK_INT(play_end(&play), 0);
}

static int finish_all(void *user, struct bide_task **tasks, size_t n)
{
    *(size_t *)user = n;
    for (size_t i = n; i-- > 0;)
        if (i != 1 && bide_task_done(tasks[i], "true")) return -1;
    return 0;
}

#define BATCH                                                                                                          \
    "{\"op\":\"run\",\"tasks\":[{\"id\":\"a\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"input\":1},{\"id\":"     \
    "\"b\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"input\":2},"                                                \
    "{\"id\":\"c\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"input\":3}]}"

TEST(a_batch_goes_to_run_batch_and_each_task_gets_its_verdict)
{
    size_t n = 0;
    play_start(&play, &(struct bide_worker){.run_batch = finish_all, .max_batch = 8, .user = &n});
    CHECK_STR(str_of(play_hear(&play)), "{\"op\":\"ready\",\"proto\":1,\"max_batch\":8,\"concurrency\":1}");
    play_say(&play, BATCH);
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "c") ",\"result\":true}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "a") ",\"result\":true}");
    CHECK(str_starts(str_of(play_hear(&play)), str_of(SAID("fail", "b") ",\"code\":\"no_reply\"")));
    CHECK_INT(play_end(&play), 0);
    CHECK_INT(n, 3);
}

static int echo_waiting(void *user, struct bide_task *t)
{
    if (strcmp(bide_task_id(t), "a") == 0) {
        if (bide_task_progress(t, 0, NULL)) return -1;
        char byte;
        MUST(read(*(int *)user, &byte, 1) == 1); /* until the cancel of b and the stop are written */
    }
    return echo(NULL, t);
}

TEST(without_run_batch_tasks_run_one_after_another_and_a_cancelled_one_never_starts)
{
    int gate[2];
    CHECK_INT(pipe(gate), 0);
    play_start(&play, &(struct bide_worker){.run = echo_waiting, .max_batch = 3, .user = &gate[0]});
    play_hear(&play);
    play_say(&play, BATCH);
    play_hear(&play);
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"b\",\"fence\":\"00000000000000a1\"}");
    play_say(&play, "{\"op\":\"stop\"}");
    CHECK_INT(write(gate[1], "x", 1), 1);
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "a") ",\"result\":1}");
    CHECK_STR(str_of(play_hear(&play)), SAID("cancelled", "b") "}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "c") ",\"result\":3}"); /* stop means: finish first */
    CHECK_INT(play_end(&play), 0);
    close(gate[0]);
    close(gate[1]);
}

TEST(a_broken_pipe_is_an_error_and_no_signal)
{
    struct bide_error error = {0};
    signal(SIGPIPE, SIG_DFL);
    play_start(&play, &(struct bide_worker){.run = echo, .error = &error});
    play_hear(&play);
    play_deafen(&play);
    play_say(&play, RUN("t1", "{}"));
    CHECK_INT(play_end(&play), -1);
    CHECK_STR(str_of(error.code), "io");
    CHECK(strstr(error.text, "BIDE_OUT") != NULL);
}

TEST(a_line_that_is_not_json_ends_the_worker)
{
    struct bide_error error = {0};
    play_start(&play, &(struct bide_worker){.run = echo, .error = &error});
    play_hear(&play);
    play_say(&play, "hello");
    CHECK_INT(play_end(&play), -1);
    CHECK_STR(str_of(error.code), "invalid_json");
}

TEST(missing_descriptors_are_explained)
{
    struct bide_error error = {0};
    setenv("BIDE_IN", "987", 1);
    CHECK_INT(bide_worker_run(&(struct bide_worker){.run = echo, .error = &error}), -1);
    CHECK(strstr(error.text, "descriptor 987 (BIDE_IN) is not open") != NULL);
    setenv("BIDE_IN", "three", 1);
    CHECK_INT(bide_worker_run(&(struct bide_worker){.run = echo, .error = &error}), -1);
    CHECK(strstr(error.text, "BIDE_IN is \"three\"") != NULL);
}

TEST_MAIN
