/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker with `concurrency`: several tasks at a time over what was loaded once. A task is held at a gate, so that what
 * runs beside what is decided here, and not by time.
 */
#include "play.h"

#include <poll.h>
#include <unistd.h>

static struct play play;
#define READY(n) "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":" #n "}"

static _Atomic int loads, unloads, inside;
static int gate[2];  /* each byte lets one task through */
static int ended[2]; /* a byte: unloaded */

static int load(void *user, struct bide_error *e)
{
    (void)user;
    (void)e;
    loads++;
    return 0;
}

static void unload(void *user)
{
    (void)user;
    MUST(inside == 0);
    unloads++;
    MUST(write(ended[1], "x", 1) == 1);
}

static void begin(void)
{
    loads = unloads = inside = 0;
    CHECK_INT(pipe(gate), 0);
    CHECK_INT(pipe(ended), 0);
}

static void finish(void)
{
    for (int i = 0; i < 2; i++) {
        close(gate[i]);
        close(ended[i]);
    }
}

static void let(size_t n) { CHECK_INT(write(gate[1], "xxxxxxxx", n), (int)n); }

static bool comes(int fd, int wait_ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, wait_ms) == 1;
}

/* Says that it runs, waits at the gate, is done with its id. */
static int wait_at_gate(void *user, struct bide_task *t)
{
    char byte, result[64];
    (void)user;
    MUST(++inside <= 3);
    MUST(bide_task_progress(t, 1, NULL) == 0);
    MUST(read(gate[0], &byte, 1) == 1);
    inside--;
    if (bide_task_cancelled(t)) return 0;
    snprintf(result, sizeof result, "\"%s\"", bide_task_id(t));
    return bide_task_done(t, result);
}

/* What the next line is: its op and the task it is about. */
static const char *hear(void)
{
    static char what[64];
    char op[32], id[32];
    const char *line = play_hear(&play);
    CHECK_INT(bide_json_string(line, "op", op, sizeof op), BIDE_JSON_FOUND);
    CHECK_INT(bide_json_string(line, "id", id, sizeof id), BIDE_JSON_FOUND);
    snprintf(what, sizeof what, "%s %s", op, id);
    return what;
}

/* The next n lines, in whatever order. */
static void hear_all(const char *const *expected, size_t n)
{
    bool seen[8] = {false};
    for (size_t i = 0; i < n; i++) {
        const char *what = hear();
        size_t k = 0;
        while (k < n && (seen[k] || strcmp(what, expected[k]) != 0)) k++;
        if (k == n) fprintf(stderr, "unexpected: %s\n", what);
        CHECK(k < n);
        seen[k] = true;
    }
}
#define HEAR(...) hear_all((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

TEST(as_many_tasks_run_at_once_as_concurrency_says_and_the_next_waits)
{
    begin();
    play_start(&play, &(struct bide_worker){.load = load, .run = wait_at_gate, .unload = unload, .concurrency = 3});
    CHECK_STR(str_of(play_hear(&play)), READY(3));
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}") "\n" RUN("c", "{}") "\n" RUN("d", "{}"));
    HEAR("progress a", "progress b", "progress c"); /* none of them can end */
    CHECK_INT(inside, 3);
    let(1);
    CHECK(str_starts(str_of(hear()), STR("done "))); /* and so there is room for the fourth */
    CHECK_STR(str_of(hear()), "progress d");
    let(3);
    CHECK(strstr(hear(), "done ") != NULL);
    CHECK(strstr(hear(), "done ") != NULL);
    CHECK(strstr(hear(), "done ") != NULL);
    CHECK_INT(play_end(&play), 0);
    CHECK_INT(loads, 1);
    CHECK_INT(unloads, 1);
    finish();
}

static int until_cancelled(void *user, struct bide_task *t)
{
    (void)user;
    MUST(bide_task_progress(t, 1, NULL) == 0);
    while (!bide_task_cancelled(t)) {
    }
    return 0;
}

#define PING "{\"op\":\"ping\",\"n\":3}"
#define PONG "{\"op\":\"pong\",\"n\":3}"

TEST(a_cancel_reaches_the_task_it_names_and_no_other)
{
    begin();
    play_start(&play, &(struct bide_worker){.run = wait_at_gate, .unload = unload, .concurrency = 2, .ping = true});
    play_hear(&play);
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}"));
    HEAR("progress a", "progress b");
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"a\",\"fence\":\"00000000000000a2\"}"); /* another attempt */
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"b\",\"fence\":\"00000000000000a1\"}");
    play_say(&play, PING);
    CHECK_STR(str_of(play_hear(&play)), PONG); /* all of that was read */
    let(2);
    HEAR("done a", "cancelled b");
    CHECK_INT(play_end(&play), 0);
    finish();
}

TEST(a_cancel_is_seen_while_tasks_compute_and_a_ping_answered)
{
    play_start(&play, &(struct bide_worker){.run = until_cancelled, .concurrency = 2, .ping = true});
    play_hear(&play);
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}"));
    HEAR("progress a", "progress b");
    play_say(&play, PING);
    CHECK_STR(str_of(play_hear(&play)), PONG);
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"b\",\"fence\":\"00000000000000a1\"}");
    CHECK_STR(str_of(hear()), "cancelled b");
    play_say(&play, "{\"op\":\"cancel\",\"id\":\"a\"}");
    CHECK_STR(str_of(hear()), "cancelled a");
    CHECK_INT(play_end(&play), 0);
}

TEST(one_that_is_cancelled_while_it_waits_never_starts)
{
    begin();
    play_start(&play, &(struct bide_worker){.run = wait_at_gate, .unload = unload, .concurrency = 2});
    play_hear(&play);
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}"));
    HEAR("progress a", "progress b");
    play_say(&play, RUN("c", "{}") "\n{\"op\":\"cancel\",\"id\":\"c\"}\n" PING);
    CHECK_STR(str_of(play_hear(&play)), PONG); /* all of that was read */
    let(2);
    HEAR("done a", "done b", "cancelled c");
    CHECK_INT(play_end(&play), 0);
    finish();
}

static void ends_after_those_that_run(const char *last)
{
    begin();
    play_start(&play, &(struct bide_worker){.run = wait_at_gate, .unload = unload, .concurrency = 2});
    play_hear(&play);
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}") "\n" RUN("c", "{}"));
    HEAR("progress a", "progress b");
    if (last) play_say(&play, last);
    else play_mute(&play);
    CHECK(!comes(ended[0], 20)); /* it cannot: all are at the gate */
    CHECK_INT(unloads, 0);
    let(3);
    HEAR("done a", "done b", "progress c", "done c");
    CHECK(comes(ended[0], 10 * 1000)); /* by itself */
    CHECK_INT(unloads, 1);
    CHECK_INT(play_end(&play), 0);
    finish();
}

TEST(stop_lets_all_that_were_given_end) { ends_after_those_that_run("{\"op\":\"stop\"}"); }
TEST(so_does_the_end_of_file) { ends_after_those_that_run(NULL); }

#define PIECES 100
#define SIZE 20000 /* more than a pipe takes as one (PIPE_BUF) */

static int say_much(void *user, struct bide_task *t)
{
    char text[SIZE + 1];
    (void)user;
    memset(text, bide_task_id(t)[0], sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < PIECES; i++) {
        MUST(bide_task_output(t, text, sizeof text - 1) == 0);
        MUST(bide_task_log(t, NULL, text) == 0);
        MUST(bide_task_progress(t, i, text) == 0); /* its first 4 KiB */
    }
    MUST(bide_task_save(t, "[1]") == 0);
    return bide_task_done(t, "true");
}

TEST(what_threads_say_at_once_are_whole_lines_each_about_its_own_task)
{
    static char text[SIZE + 1];
    int64_t pieces[3] = {0}, verdicts = 0, saves = 0;
    play_start(&play, &(struct bide_worker){.run = say_much, .concurrency = 3});
    play_hear(&play);
    play_say(&play, RUN("a", "{}") "\n" RUN("b", "{}") "\n" RUN("c", "{}"));
    while (verdicts < 3) {
        char op[32], id[32];
        const char *line = play_hear(&play);
        CHECK_INT(bide_json_string(line, "op", op, sizeof op), BIDE_JSON_FOUND); /* the whole line is read: it is JSON */
        CHECK_INT(bide_json_string(line, "id", id, sizeof id), BIDE_JSON_FOUND);
        CHECK(id[0] >= 'a' && id[0] <= 'c' && !id[1]);
        if (strcmp(op, "done") == 0) verdicts++;
        if (strcmp(op, "save") == 0) saves++;
        text[0] = '\0';
        (void)bide_json_string(line, op[0] == 'o' ? "data" : op[0] == 'l' ? "text" : "message", text, sizeof text);
        CHECK_INT((int)strspn(text, id), (int)strlen(text));
        int64_t n = -1;
        if (op[0] != 'o') continue;
        CHECK_INT((int)strlen(text), SIZE);
        CHECK_INT(bide_json_int(line, "n", &n), BIDE_JSON_FOUND);
        CHECK_INT(n, pieces[id[0] - 'a']++); /* numbered by task */
    }
    for (int i = 0; i < 3; i++) CHECK_INT(pieces[i], PIECES);
    CHECK_INT(saves, 3);
    CHECK_INT(play_end(&play), 0);
}

TEST(a_frame_of_several_tasks_is_run_by_several_threads)
{
    begin();
    play_start(&play, &(struct bide_worker){.run = wait_at_gate, .unload = unload, .concurrency = 4, .max_batch = 2});
    CHECK_STR(str_of(play_hear(&play)), "{\"op\":\"ready\",\"proto\":1,\"max_batch\":2,\"concurrency\":4}");
    play_say(&play, "{\"op\":\"run\",\"tasks\":[{\"id\":\"a\",\"input\":1},{\"id\":\"b\",\"input_file\":\"/none\"},{\"id\":\"c\"}]}");
    HEAR("fail b", "progress a", "progress c"); /* an input that is not to be had costs that task alone */
    let(2);
    HEAR("done a", "done c");
    CHECK_INT(play_end(&play), 0);
    finish();
}

/* Task a is at the gate, and there is a thread without one. */
static void begin_one(struct bide_error *error)
{
    static struct bide_worker worker;
    worker = (struct bide_worker){.run = wait_at_gate, .unload = unload, .concurrency = 2, .error = error};
    begin();
    play_start(&play, &worker);
    play_hear(&play);
    play_say(&play, RUN("a", "{}"));
    CHECK_STR(str_of(hear()), "progress a");
}

TEST(a_write_that_fails_in_a_thread_ends_the_worker_though_bide_says_nothing)
{
    struct bide_error error = {0};
    begin_one(&error);
    play_deafen(&play);
    let(1);
    CHECK(comes(ended[0], 10 * 1000)); /* BIDE_IN is still open */
    CHECK_INT(play_end(&play), -1);
    CHECK_STR(str_of(error.code), "io");
    CHECK(strstr(error.text, "BIDE_OUT") != NULL);
    finish();
}

TEST(a_line_that_is_not_json_ends_the_worker_when_those_that_run_have_ended)
{
    struct bide_error error = {0};
    begin_one(&error);
    play_say(&play, "hello");
    let(1);
    CHECK_STR(str_of(hear()), "done a");
    CHECK(comes(ended[0], 10 * 1000));
    CHECK_INT(play_end(&play), -1);
    CHECK_STR(str_of(error.code), "invalid_json");
    finish();
}

static int together(void *user, struct bide_task **tasks, size_t n)
{
    (void)user;
    (void)tasks;
    (void)n;
    return 0;
}

static void is_refused(struct bide_worker w, const char *says)
{
    struct bide_error error = {0};
    loads = 0;
    w.load = load;
    w.error = &error;
    CHECK_INT(bide_worker_run(&w), -1);
    CHECK_STR(str_of(error.code), "invalid");
    if (!strstr(error.text, says)) fprintf(stderr, "%s\n", error.text);
    CHECK(strstr(error.text, says) != NULL);
    CHECK_INT(loads, 0);
}

TEST(what_cannot_be_is_refused_before_anything_is_loaded)
{
    is_refused((struct bide_worker){.run = wait_at_gate, .concurrency = -1}, "concurrency is -1: 1 to 256 ");
    is_refused((struct bide_worker){.run = wait_at_gate, .concurrency = 257}, "concurrency is 257: 1 to 256 ");
    is_refused((struct bide_worker){.run_batch = together, .concurrency = 2}, "so 1 is expected");
    is_refused((struct bide_worker){.concurrency = 2}, "run or run_batch");
}

TEST_MAIN
