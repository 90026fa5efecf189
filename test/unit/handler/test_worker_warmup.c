/* SPDX-License-Identifier: Apache-2.0
 *
 * The task that a process does for nobody before it is given real ones.
 */
#include "pool_rig.h"
#include <sys/stat.h>

static struct heard made; /* id, fence and directory of the newest warm-up */
static int n_made, n_discarded;
static int make_error;

static int make_dir(struct worker_dirs *d, char **ret_path, struct err *e)
{
    (void)d;
    if (make_error) return err_set(e, make_error, "no space left");
    heard_init(&made, pool, 0, "{}");
    n_made++;
    *ret_path = (char *)(uintptr_t)mem_str(str_of(made.dir)).p;
    return 0;
}

static void discard_dir(struct worker_dirs *d, const char *path)
{
    (void)d;
    CHECK_STR(str_of(path), made.dir);
    heard_release(&made);
    n_discarded++;
}

static struct worker_dirs dirs = {make_dir, discard_dir};

static void warm_conf(void)
{
    pool_conf();
    conf.warmup = (struct worker_warmup_conf){.type = "transcribe", .input = "{\"seconds\":1}", .dirs = &dirs};
    n_made = n_discarded = make_error = 0;
}

/* What the frame said of the warm-up that was sent last to the child i. */
static void read_run(int i)
{
    const char *sent = fake.children[i].sent.p, *run = NULL;
    char id[ID_TEXT] = "", fence[FENCE_TEXT] = "";
    for (const char *next = sent; next && (next = strstr(next, "{\"op\":\"run\"")); next++) run = next;
    CHECK(run);
    CHECK_INT(sscanf(run, "{\"op\":\"run\",\"tasks\":[{\"id\":\"%36[0-9a-f-]\",\"fence\":\"%16[0-9a-f]\"", id, fence), 2);
    CHECK_INT(id_parse(&made.body.id, str_of(id)), 0);
    CHECK_INT(id_fence_parse(&made.attempt.fence, str_of(fence)), 0);
}

/* A process that has said ready, and was given its warm-up. */
static void open_warming(void)
{
    pool_open();
    pool_want(1);
    fake_pass(&fake, 3000);
    fake_ready(&fake, 0);
    read_run(0);
}

static void open_warm(void)
{
    warm_conf();
    open_warming();
    fake_about(&fake, 0, &made, "done", ",\"result\":{}");
    pool_want(0);
}

TEST(after_ready_it_is_given_attempt_0_and_stays_starting_until_that_is_done)
{
    warm_conf();
    open_warming();
    CHECK_STATE("starting");
    CHECK(!pool_view(0)->loaded);
    CHECK_INT(pool_view(0)->n_open, 0);
    CHECK_INT(pool_view(0)->loads, 0);
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK(fake_was_sent(&fake, 0, "\"type\":\"transcribe\",\"attempt\":0,\"timeout_ms\":117000,\"dir\":\"/tmp/"));
    CHECK(fake_was_sent(&fake, 0, "\"input\":{\"seconds\":1},\"resume\":null}]}\n"));
    fake_pass(&fake, 4000);
    int rooms = fake.rooms;
    fake_about(&fake, 0, &made, "done", ",\"result\":{}");
    CHECK_STATE("idle");
    CHECK(pool_view(0)->loaded);
    CHECK_INT(pool_view(0)->ready_ms, 7000);
    CHECK_INT(pool_view(0)->loads, 1);
    CHECK_INT(pool_view(0)->tasks, 0);
    CHECK_INT(pool_view(0)->dropped, 0);
    CHECK_INT(pool->ops->room(pool), 1);
    CHECK(fake.rooms > rooms);
    CHECK(strstr(fake.events.p, "speech-1 ready after 7000 ms\n"));
    CHECK_INT(n_made, 1);
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(without_a_warm_up_nothing_is_sent)
{
    pool_conf();
    pool_open_ready();
    CHECK(!fake_was_sent(&fake, 0, "run"));
    pool_close();
}

TEST(without_an_input_it_is_given_an_empty_object)
{
    warm_conf();
    conf.warmup.input = NULL;
    open_warming();
    CHECK(fake_was_sent(&fake, 0, "\"input\":{},\"resume\":null}]}\n"));
    pool_close();
}

TEST(the_first_task_has_a_log_of_its_own)
{
    warm_conf();
    open_warming();
    fake_says(&fake, 0, CHILD_STDOUT, "warming\n");
    fake.children[0].held[CHILD_STDERR] = "still warming\n";
    fake_about(&fake, 0, &made, "done", "");
    heard_init(&h, pool, 1, "{}");
    pool_give(&h);
    fake_says(&fake, 0, CHILD_STDOUT, "at work\n");
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_STR(h.result, "1");
    CHECK_STR(buf_str(&h.log), "at work\n");
    pool_close_busy();
}

TEST(frames_about_it_are_heard_and_lead_nowhere)
{
    warm_conf();
    open_warming();
    fake_about(&fake, 0, &made, "progress", ",\"percent\":50");
    fake_about(&fake, 0, &made, "save", ",\"data\":{\"n\":1}");
    fake_about(&fake, 0, &made, "dance", "");
    fake_ready(&fake, 0);
    fake_frame(&fake, 0, "{\"op\":\"pong\",\"n\":1}");
    CHECK_STATE("starting");
    CHECK_INT(n_made, 1);
    CHECK_INT(pool_view(0)->dropped, 1); /* the second ready */
    made.attempt.fence++;
    fake_about(&fake, 0, &made, "done", "");
    CHECK_STATE("starting");
    CHECK_INT(pool_view(0)->dropped, 2);
    made.attempt.fence--;
    fake_about(&fake, 0, &made, "done", "");
    CHECK_STATE("idle");
    fake_about(&fake, 0, &made, "fail", ""); /* late */
    CHECK_STATE("idle");
    CHECK_INT(pool_view(0)->dropped, 3);
    pool_close();
}

TEST(a_done_without_a_fence_counts)
{
    char id[ID_TEXT], line[128];
    warm_conf();
    open_warming();
    id_format(&made.body.id, id);
    snprintf(line, sizeof line, "{\"op\":\"done\",\"id\":\"%s\"}", id);
    fake_frame(&fake, 0, line);
    CHECK_STATE("idle");
    pool_close();
}

TEST(one_that_fails_is_a_failed_start_with_its_words)
{
    struct err e;
    warm_conf();
    open_warming();
    fake_says(&fake, 0, CHILD_STDERR, "cuda: 0 devices\n");
    fake_about(&fake, 0, &made, "log", ",\"level\":\"warn\",\"text\":\"trying the CPU\"");
    fake_about(&fake, 0, &made, "fail", ",\"code\":\"no_gpu\",\"message\":\"there is no GPU\\nat all\",\"detail\":\"trace\"");
    CHECK_STATE("backoff");
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(pool_waiting(&e), HANDLER_STARTING);
    CHECK_STR(str_of(e.text), "speech: failed its warm-up: no_gpu: there is no GPU: trace; tried again in 1s");
    CHECK_STR(str_of((pool_view(0), pool_problem)),
              "failed its warm-up: no_gpu: there is no GPU\ncuda: 0 devices\nwarn: trying the CPU\ntrace\n");
    CHECK_INT(pool_view(0)->restarts, 1);
    CHECK_INT(pool_view(0)->loads, 0);
    CHECK_INT(n_discarded, 1);
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    read_run(1);
    fake_about(&fake, 1, &made, "done", "");
    CHECK_STATE("idle");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "");
    CHECK_INT(n_made, 2);
    CHECK_INT(n_discarded, 2);
    pool_close();
}

TEST(five_that_fail_in_a_row_break_the_place)
{
    warm_conf();
    open_warming();
    for (int i = 0; i < 5; i++) {
        if (i > 0) fake_ready(&fake, i);
        read_run(i);
        fake_about(&fake, i, &made, "fail", ",\"message\":\"no\"");
        if (i < 4) fake_pass(&fake, 1000 << i);
    }
    CHECK_INT(fake.n, 5);
    CHECK_STATE("broken");
    CHECK_INT(n_discarded, 5);
    pool_close();
}

TEST(one_that_is_given_up_is_a_failed_start)
{
    warm_conf();
    open_warming();
    fake_about(&fake, 0, &made, "cancelled", "");
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "gave up its warm-up without being asked");
    pool_close();
}

TEST(ready_timeout_goes_from_the_start_to_its_end)
{
    warm_conf();
    conf.ready_timeout_ms = 10000;
    open_warming(); /* 3 s of them are over */
    fake_pass(&fake, 6999);
    CHECK_STATE("starting");
    fake_pass(&fake, 1);
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "was not through its warm-up within 10s of its start");
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(one_that_is_done_in_time_is_not_timed_any_more)
{
    open_warm();
    fake_pass(&fake, 200000);
    CHECK_STATE("idle");
    pool_close();
}

TEST(a_process_that_dies_of_it_is_a_failed_start)
{
    warm_conf();
    open_warming();
    fake_says(&fake, 0, CHILD_STDERR, "out of memory\n");
    fake_exits(&fake, 0, 3);
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "the worker ended with exit status 3, in its warm-up\nout of memory\n");
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(what_is_junk_later_is_junk_now)
{
    warm_conf();
    open_warming();
    fake_frame(&fake, 0, "warm");
    CHECK_STATE("backoff");
    CHECK(strstr((pool_view(0), pool_problem), "not JSON: \"warm\""));
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(one_that_cannot_be_handed_over_is_a_failed_start)
{
    warm_conf();
    make_error = ERR_FULL;
    pool_open();
    pool_want(1);
    fake_ready(&fake, 0);
    CHECK_STATE("backoff");
    CHECK_STR(str_of((pool_view(0), pool_problem)), "could not be warmed up: no space left");
    CHECK_INT(n_discarded, 0);
    pool_close();

    warm_conf();
    pool_open();
    pool_want(1);
    fake.send_error = ERR_IO;
    fake_ready(&fake, 0);
    CHECK_STATE("backoff");
    CHECK(strstr((pool_view(0), pool_problem), "does not take tasks: "));
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(a_large_input_is_a_file_of_its_directory)
{
    char path[128];
    struct stat st;
    char *text = malloc(LIMIT_FRAME_PAYLOAD + 8);
    memset(text, ' ', LIMIT_FRAME_PAYLOAD + 8);
    memcpy(text + LIMIT_FRAME_PAYLOAD + 3, "true", 5);
    warm_conf();
    conf.warmup.input = text;
    open_warming();
    CHECK(fake_was_sent(&fake, 0, "\"input_file\":\"input.json\",\"resume\""));
    snprintf(path, sizeof path, "%s/input.json", made.dir);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_size, LIMIT_FRAME_PAYLOAD + 7);
    pool_close();
    free(text);
}

TEST(a_stop_ends_a_process_that_warms_up_at_once)
{
    warm_conf();
    open_warming();
    pool->ops->control(pool, STR("speech-1"), HANDLER_STOP, &(struct err){0});
    fake_run(&fake);
    CHECK_STATE("stopping");
    CHECK_INT(fake.children[0].terms, 1);
    CHECK(!fake_was_sent(&fake, 0, "stop"));
    fake_about(&fake, 0, &made, "log", ",\"text\":\"so soon\"");
    fake_about(&fake, 0, &made, "done", ""); /* too late */
    CHECK_STATE("stopping");
    CHECK(!pool_view(0)->loaded);
    CHECK_INT(pool_view(0)->loads, 0);
    pool_want(0);
    fake_exits(&fake, 0, 0);
    CHECK_STATE("off");
    CHECK_INT(pool_view(0)->restarts, 0);
    CHECK_INT(n_discarded, 1);
    pool_close();
}

TEST(each_process_has_its_own)
{
    open_warm();
    struct id first = made.body.id;
    fake_exits(&fake, 0, 0);
    pool_want(1);
    fake_pass(&fake, 1000);
    fake_ready(&fake, 1);
    read_run(1);
    CHECK(id_cmp(&first, &made.body.id) != 0);
    fake_about(&fake, 1, &made, "done", "");
    CHECK_STATE("idle");
    CHECK_INT(n_made, 2);
    pool_close();
}

TEST_MAIN
