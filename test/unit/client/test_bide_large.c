/* SPDX-License-Identifier: Apache-2.0
 *
 * What is large between bide and a worker: frames of many values, payloads that travel as files, long output.
 */
#include "play.h"

#include <sys/stat.h>
#include <unistd.h>

static struct play play;

static char dir[] = "/tmp/bide-test-XXXXXX";

static char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int big(void *user, struct bide_task *t)
{
    (void)user;
    MUST(strcmp(bide_task_input(t), "{\"from\":\"file\"}\n") == 0);
    MUST(bide_task_add_file(t, "out.srt") == 0);
    MUST(bide_task_add_file(t, "../escape") == -1);
    MUST(bide_task_add_file(t, "missing") == -1);
    size_t len = 2 << 20;
    char *result = malloc(len + 3);
    MUST(result != NULL);
    memset(result, 'x', len + 2);
    result[0] = result[len + 1] = '"';
    result[len + 2] = '\0';
    int rc = bide_task_done(t, result);
    free(result);
    return rc;
}

TEST(large_payloads_travel_as_files)
{
    CHECK(mkdtemp(dir) != NULL);
    FILE *f = fopen(in_dir("input.json"), "w");
    fputs("{\"from\":\"file\"}\n", f);
    fclose(f);
    f = fopen(in_dir("out.srt"), "w");
    fclose(f);
    char run[512];
    snprintf(run, sizeof run,
             "{\"op\":\"run\",\"tasks\":[{\"id\":\"t1\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"dir\":\"%s\","
             "\"input_file\":\"input.json\"}]}",
             dir);
    play_start(&play, &(struct bide_worker){.run = big});
    play_hear(&play);
    play_say(&play, run);
    CHECK_STR(str_of(play_hear(&play)),
              SAID("done", "t1") ",\"result_file\":\"bide-result.json\",\"files\":[\"out.srt\"]}");
    struct stat st;
    CHECK_INT(stat(in_dir("bide-result.json"), &st), 0);
    CHECK_INT(st.st_size, (2 << 20) + 2);
    unlink(in_dir("input.json"));
    play_say(&play, run); /* the input is gone: told, and the worker lives on */
    const char *said = play_hear(&play);
    CHECK(str_starts(str_of(said), str_of(SAID("fail", "t1") ",\"code\":\"worker_error\"")));
    CHECK(strstr(said, "input.json") != NULL);
    CHECK_INT(play_end(&play), 0);
    unlink(in_dir("bide-result.json"));
    unlink(in_dir("out.srt"));
    rmdir(dir);
}

static int echo_resume(void *user, struct bide_task *t)
{
    (void)user;
    MUST(bide_task_resume(t) != NULL);
    return bide_task_done(t, bide_task_resume(t));
}

TEST(a_large_checkpoint_comes_back_from_a_file)
{
    memcpy(dir, "/tmp/bide-test-XXXXXX", sizeof dir);
    CHECK(mkdtemp(dir) != NULL);
    FILE *f = fopen(in_dir("resume.json"), "w");
    fputs("{\"at\":3}", f);
    fclose(f);
    char run[512];
    snprintf(run, sizeof run,
             "{\"op\":\"run\",\"tasks\":[{\"id\":\"t1\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"dir\":\"%s\","
             "\"input\":1,\"resume_file\":\"resume.json\"}]}",
             dir);
    play_start(&play, &(struct bide_worker){.run = echo_resume});
    play_hear(&play);
    play_say(&play, run);
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "t1") ",\"result\":{\"at\":3}}");
    unlink(in_dir("resume.json"));
    play_say(&play, run); /* without it the task must not begin anew unasked */
    const char *said = play_hear(&play);
    CHECK(str_starts(str_of(said), str_of(SAID("fail", "t1") ",\"code\":\"worker_error\"")));
    CHECK(strstr(said, "resume.json") != NULL);
    CHECK_INT(play_end(&play), 0);
    rmdir(dir);
}

static int chatter(void *user, struct bide_task *t)
{
    (void)user;
    static char text[200 * 1024 + 1]; /* three bytes a character: pieces must not cut one */
    for (size_t i = 0; i + 3 < sizeof text; i += 3) memcpy(text + i, "\xe4\xb8\xad", 3);
    MUST(bide_task_output(t, text, strlen(text)) == 0);
    return bide_task_done(t, "null");
}

TEST(long_output_is_cut_between_characters)
{
    play_start(&play, &(struct bide_worker){.run = chatter});
    play_hear(&play);
    play_say(&play, RUN("t1", "{}"));
    size_t total = 0;
    char data[80 * 1024];
    for (int64_t n = 0;; n++) {
        const char *said = play_hear(&play);
        if (strstr(said, "\"done\"")) break;
        int64_t seen = -1;
        CHECK_INT(bide_json_int(said, "n", &seen), 0);
        CHECK_INT(seen, n);
        CHECK_INT(bide_json_string(said, "data", data, sizeof data), 0);
        CHECK_INT(strlen(data) % 3, 0);
        total += strlen(data);
    }
    CHECK_INT(total, 200 * 1024 / 3 * 3);
    CHECK_INT(play_end(&play), 0);
}

static int count_list(void *user, struct bide_task *t)
{
    (void)user;
    size_t n = 0;
    char said[32];
    if (bide_json_count(bide_task_input(t), "", &n)) return -1;
    snprintf(said, sizeof said, "%zu", n);
    return bide_task_done(t, said);
}

TEST(a_frame_of_more_than_a_million_values_is_taken)
{
    size_t each = 500 * 1000;
    struct bide_text frame = {0};
    bide_json_write_raw(&frame, "{\"op\":\"run\",\"tasks\":[");
    for (int i = 0; i < 3; i++) {
        char head[128];
        snprintf(head, sizeof head, "{\"id\":\"%c\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"input\":[",
                 'a' + i);
        bide_json_write_raw(&frame, head);
        for (size_t k = 0; k < each; k++) bide_json_write_int(&frame, 1);
        bide_json_write_close(&frame, ']');
        bide_json_write_close(&frame, '}');
    }
    bide_json_write_close(&frame, ']');
    bide_json_write_close(&frame, '}');
    play_start(&play, &(struct bide_worker){.run = count_list, .max_batch = 3});
    play_hear(&play);
    play_say(&play, frame.p);
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "a") ",\"result\":500000}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "b") ",\"result\":500000}");
    CHECK_STR(str_of(play_hear(&play)), SAID("done", "c") ",\"result\":500000}");
    CHECK_INT(play_end(&play), 0);
    bide_text_free(&frame);
}

TEST_MAIN
