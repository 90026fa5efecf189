/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker and its attempt: what the process says and what comes of it.
 */
#include "pool_rig.h"
#include <sys/resource.h>

static struct heard other;

TEST(a_task_is_given_in_a_run_frame_and_ends_with_done)
{
    pool_open_busy();
    CHECK_STATE("busy");
    CHECK(fake.children[0].frames);
    CHECK_INT(fake.children[0].nice, 5);
    CHECK_STR(str_of(fake.children[0].argv[2]), "en-us");
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"run\",\"tasks\":[{\"id\":\"00000000-0000-7000-8000-000000000001\","
                                  "\"fence\":\"0000000000001001\",\"type\":\"transcribe\",\"attempt\":1,\"timeout_ms\":30000,"));
    CHECK(fake_was_sent(&fake, 0, "\"input\":{\"a\":1},\"resume\":null}]}\n"));
    CHECK_INT(pool->ops->room(pool), 0);
    fake_about(&fake, 0, &h, "progress", ",\"percent\":40,\"message\":\"segment 4/10\",\"data\":{\"n\":4}");
    CHECK_INT(h.n_progress, 1);
    CHECK(h.percent == 40);
    CHECK_STR(str_of(h.progress_message), "segment 4/10");
    CHECK_STR(str_of(h.progress_data), "{\"n\":4}");
    int rooms = fake.rooms;
    fake_about(&fake, 0, &h, "done", ",\"result\":{\"text\": \"hello\"}");
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"text\": \"hello\"}");
    CHECK_STR(h.files, "");
    CHECK_INT(pool->ops->room(pool), 1);
    CHECK(fake.rooms > rooms);
    CHECK_STATE("idle");
    CHECK_INT(pool_view(0)->tasks, 1);
    pool_close_busy();
    CHECK_INT(h.n_verdicts, 1);
}

TEST(a_done_without_a_result_is_null)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "done", "");
    CHECK_STR(h.result, "null");
    pool_close_busy();
}

TEST(the_same_process_takes_task_after_task)
{
    pool_open_busy();
    heard_init(&other, pool, 2, "{}");
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    pool_give(&other);
    fake_about(&fake, 0, &other, "done", ",\"result\":2");
    CHECK_STR(other.result, "2");
    CHECK_INT(fake.n, 1);
    heard_release(&other);
    pool_close_busy();
}

static void give_other(struct heard *seen)
{
    struct err e;
    (void)seen;
    CHECK_INT(pool->ops->start(pool, &(struct attempt *){&other.attempt}, 1, &e), 0);
}

TEST(frames_after_a_verdict_in_the_same_bytes_are_not_taken_for_the_next_task)
{
    pool_open_busy();
    heard_init(&other, pool, 2, "{}");
    h.then = give_other;
    fake_says(&fake, 0, CHILD_FRAMES,
              "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\",\"result\":1}\n"
              "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\",\"result\":3}\n"
              "{\"op\":\"log\",\"id\":\"00000000-0000-7000-8000-000000000002\",\"text\":\"mine\"}\n");
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(other.n_verdicts, 0);
    CHECK(heard_logged(&other, "mine\n"));
    fake_about(&fake, 0, &other, "done", "");
    CHECK_INT(other.n_verdicts, 1);
    heard_release(&other);
    pool_close_busy();
}

TEST(what_it_prints_and_logs_is_the_log_of_its_task_as_text)
{
    pool_open_busy();
    fake_says(&fake, 0, CHILD_STDOUT, "out \xC3");
    fake_says(&fake, 0, CHILD_STDERR, "err\n");
    fake_says(&fake, 0, CHILD_STDOUT, "\xA9 \xFF!\n");
    fake_about(&fake, 0, &h, "log", ",\"level\":\"info\",\"text\":\"lang=en\"");
    fake_about(&fake, 0, &h, "log", ",\"text\":\"bare\"");
    CHECK_STR(buf_str(&h.log), "out err\n\xC3\xA9 \xEF\xBF\xBD!\ninfo: lang=en\nbare\n");
    pool_close_busy();
}

TEST(unknown_ops_are_ignored)
{
    pool_open_busy();
    fake_frame(&fake, 0, "{\"op\":\"dance\"}");
    fake_about(&fake, 0, &h, "output", ",\"n\":0,\"data\":\"hello\"");
    fake_about(&fake, 0, &h, "save", ",\"data\":{}");
    fake_frame(&fake, 0, "{\"op\":\"pong\",\"n\":1}");
    fake_ready(&fake, 0);
    CHECK_STATE("busy");
    CHECK_INT(h.log.len, 0);
    CHECK_INT(pool_view(0)->loads, 1);
    pool_close_busy();
}

TEST(a_fail_frame_fails_the_task_in_its_words)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "fail", ",\"code\":\"invalid_input\",\"message\":\"not audio\",\"detail\":\"trace\",\"type\":\"ValueError\"");
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "invalid_input");
    CHECK_STR(h.message, "not audio");
    CHECK_STR(h.detail, "trace");
    CHECK_STR(h.type, "ValueError");
    CHECK(!h.retryable); /* as the table says */
    CHECK_INT(h.retry_after_ms, 0);
    CHECK_STATE("idle");
    pool_close_busy();
}

TEST(a_fail_frame_may_say_whether_and_when_to_retry)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "fail", ",\"code\":\"invalid_input\",\"retry\":true,\"retry_after_ms\":2500");
    CHECK(h.retryable);
    CHECK_INT(h.retry_after_ms, 2500);
    CHECK_STR(h.message, "the handler does not accept this input");
    pool_close_busy();
    pool_open_busy();
    fake_about(&fake, 0, &h, "fail", ",\"code\":\"quota\",\"message\":\"m\"");
    CHECK_STR(h.code, "quota");
    CHECK(h.retryable); /* an own code is as worker_error */
    pool_close_busy();
    pool_open_busy();
    fake_about(&fake, 0, &h, "fail", "");
    CHECK_STR(h.code, "worker_error");
    pool_close_busy();
}

TEST(long_words_of_a_failure_are_cut_at_a_character)
{
    pool_open_busy();
    struct buf more;
    buf_init(&more, LIMIT_FRAME);
    buf_add_text(&more, ",\"message\":\"x");
    for (int i = 0; i < LIMIT_MESSAGE; i++) buf_add_text(&more, "\xC3\xA9");
    buf_add_text(&more, "\",\"detail\":\"");
    for (int i = 0; i < LIMIT_DETAIL; i++) buf_add_text(&more, "\xC3\xA9");
    buf_add_text(&more, "end\",\"type\":\"");
    for (int i = 0; i < LIMIT_NAME + 1; i++) buf_add_text(&more, "T");
    buf_add_text(&more, "\"");
    fake_about(&fake, 0, &h, "fail", more.p);
    CHECK_INT(h.message.len, LIMIT_MESSAGE - 1);
    CHECK(h.detail.len <= LIMIT_DETAIL && h.detail.len > LIMIT_DETAIL - 2);
    CHECK(str_ends(h.detail, STR("end"))); /* of a traceback, the end says most */
    CHECK_INT(h.type.len, LIMIT_NAME);
    buf_release(&more);
    pool_close_busy();
}

TEST(a_frame_with_another_fence_or_id_is_dropped)
{
    pool_open_busy();
    fake_frame(&fake, 0, "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\",\"fence\":\"0000000000009999\"}");
    fake_frame(&fake, 0, "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000009\"}");
    fake_frame(&fake, 0, "{\"op\":\"done\",\"id\":\"nonsense\"}");
    fake_frame(&fake, 0, "{\"op\":\"done\"}");
    CHECK_INT(h.n_verdicts, 0);
    fake_frame(&fake, 0, "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\"}");
    CHECK_INT(h.n_verdicts, 1);
    pool_close_busy();
}

TEST(a_frame_without_a_fence_counts_only_while_the_process_had_the_task_once)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "fail", ",\"message\":\"m\"");
    heard_init(&other, pool, 1, "{}");
    other.attempt.fence = 0x77;
    other.attempt.number = 2;
    pool_give(&other);
    fake_frame(&fake, 0, "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\"}");
    CHECK_INT(other.n_verdicts, 0);
    CHECK(heard_logged(&other, "a frame without a fence was dropped"));
    fake_about(&fake, 0, &h, "done", ""); /* late, with the old fence */
    CHECK_INT(other.n_verdicts, 0);
    fake_about(&fake, 0, &other, "done", "");
    CHECK_INT(other.n_verdicts, 1);
    heard_release(&other);
    /* another process: once again */
    fake_exits(&fake, 0, 0);
    pool_want(1);
    fake_pass(&fake, 1000);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    heard_init(&other, pool, 1, "{}");
    pool_give(&other);
    fake_frame(&fake, 1, "{\"op\":\"done\",\"id\":\"00000000-0000-7000-8000-000000000001\"}");
    CHECK_INT(other.n_verdicts, 1);
    heard_release(&other);
    pool_close_busy();
}

TEST(a_late_verdict_is_dropped)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    fake_about(&fake, 0, &h, "done", ",\"result\":2");
    fake_about(&fake, 0, &h, "fail", "");
    fake_about(&fake, 0, &h, "progress", ",\"percent\":1");
    CHECK_INT(h.n_verdicts, 1);
    CHECK_INT(h.n_progress, 0);
    CHECK_INT(pool_view(0)->dropped, 3);
    CHECK_STATE("idle");
    pool_close_busy();
}

TEST(a_large_input_travels_as_a_file)
{
    pool_conf();
    pool_open_ready();
    char *text = malloc(LIMIT_FRAME_PAYLOAD + 8), path[128];
    memset(text, ' ', LIMIT_FRAME_PAYLOAD + 8);
    memcpy(text + LIMIT_FRAME_PAYLOAD + 3, "true", 5);
    heard_init(&h, pool, 1, text);
    pool_give(&h);
    CHECK(fake_was_sent(&fake, 0, "\"input_file\":\"input.json\",\"resume\""));
    snprintf(path, sizeof path, "%s/input.json", h.dir);
    FILE *file = fopen(path, "r");
    CHECK(file);
    char *back = malloc(LIMIT_FRAME_PAYLOAD + 8);
    CHECK_INT(fread(back, 1, LIMIT_FRAME_PAYLOAD + 8, file), strlen(text));
    CHECK(memcmp(back, text, strlen(text)) == 0);
    fclose(file);
    free(back);
    free(text);
    pool_close_busy();
}

TEST(a_result_may_travel_as_a_file_of_the_directory_only)
{
    pool_open_busy();
    heard_file(&h, "big.json", " {\"a\": [1]} \n", 13);
    fake_about(&fake, 0, &h, "done", ",\"result_file\":\"big.json\"");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"a\": [1]}");
    pool_close_busy();

    static const char *const bad[] = {"../x", "/etc/passwd", "..", ".", "missing.json", "link.json", "a\\u0000b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char more[128], path[128];
        pool_open_busy();
        heard_file(&h, "big.json", "{}", 2);
        snprintf(path, sizeof path, "%s/link.json", h.dir);
        CHECK_INT(symlink("big.json", path), 0);
        snprintf(more, sizeof more, ",\"result_file\":\"%s\"", bad[i]);
        fake_about(&fake, 0, &h, "done", more);
        CHECK_INT(h.event, LIFE_FAILED);
        CHECK_STR(h.code, "bad_result");
        pool_close_busy();
    }
    pool_open_busy();
    heard_file(&h, "big.json", "{\"a\":", 5);
    fake_about(&fake, 0, &h, "done", ",\"result_file\":\"big.json\"");
    CHECK_STR(h.code, "bad_result");
    CHECK(strstr(h.message.p, "at byte 5"));
    CHECK_STATE("idle");
    pool_close_busy();
}

TEST(a_result_over_the_limit_fails_for_good)
{
    pool_open_busy();
    char path[128];
    heard_file(&h, "big.json", "1", 1);
    snprintf(path, sizeof path, "%s/big.json", h.dir);
    CHECK_INT(truncate(path, LIMIT_RESULT + 1), 0);
    fake_about(&fake, 0, &h, "done", ",\"result_file\":\"big.json\"");
    CHECK_INT(h.event, LIFE_FAILED);
    CHECK_STR(h.code, "output_too_large");
    CHECK(!h.retryable);
    pool_close_busy();
}

TEST(named_files_that_are_none_are_left_out_and_noted)
{
    pool_open_busy();
    heard_file(&h, "out.srt", "x", 1);
    heard_file(&h, "a\"b", "x", 1);
    char path[128];
    snprintf(path, sizeof path, "%s/link", h.dir);
    CHECK_INT(symlink("/etc/passwd", path), 0);
    fake_about(&fake, 0, &h, "done", ",\"files\":[\"out.srt\",\"../etc\",\"gone\",\"a\\\"b\",\".\",\"link\",7]");
    CHECK_STR(h.files, "[\"out.srt\",\"a\\\"b\"]");
    CHECK(heard_logged(&h, "\"../etc\" is not a file"));
    CHECK(heard_logged(&h, "\"gone\" is not a file"));
    pool_close_busy();
}

TEST(a_process_that_does_not_take_the_frame_is_ended)
{
    pool_conf();
    pool_open_ready();
    heard_init(&h, pool, 1, "{}");
    struct err e;
    fake.send_error = ERR_TOO_BIG;
    CHECK_INT(pool->ops->start(pool, &(struct attempt *){&h.attempt}, 1, &e), ERR_AGAIN);
    fake_run(&fake);
    CHECK_INT(fake.children[0].kills, 1);
    CHECK_INT(h.n_verdicts, 0);
    CHECK_STATE("backoff");
    pool_close_busy();
    CHECK_INT(h.n_verdicts, 0);
}

TEST(what_it_printed_before_its_verdict_is_in_the_log_of_that_task_whoever_is_read_first)
{
    pool_open_busy();
    fake.children[0].held[CHILD_STDOUT] = "the last line\n";
    fake.children[0].held[CHILD_STDERR] = "and of stderr\n";
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(h.n_verdicts, 1);
    CHECK_STR(buf_str(&h.log), "the last line\nand of stderr\n");
    pool_close_busy();
}

TEST(a_result_file_that_cannot_be_opened_for_want_of_descriptors_gives_the_task_back)
{
    struct rlimit all, none;
    pool_open_busy();
    heard_file(&h, "r.json", "1", 1);
    getrlimit(RLIMIT_NOFILE, &all);
    none = (struct rlimit){0, all.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    fake_about(&fake, 0, &h, "done", ",\"result_file\":\"r.json\"");
    setrlimit(RLIMIT_NOFILE, &all);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_STR(h.shortage, "result_file: r.json: Too many open files");
    pool_close_busy();
}

TEST_MAIN
