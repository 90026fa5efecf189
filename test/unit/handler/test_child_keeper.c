/* SPDX-License-Identifier: Apache-2.0
 *
 * Real children: what they are given and what comes back. How they end is in test_child_tree.c.
 */
#include "base/limits.h"
#include "test/unit/handler/child_rig.h"
#include <errno.h>
#include <sys/resource.h>

TEST(an_exit_status_and_all_output_come_before_the_end)
{
    begin();
    start_line("echo out; echo err >&2; exit 3", STR_NONE, false);
    run();
    CHECK_INT(one.exits, 1);
    CHECK(one.how.started);
    CHECK_INT(one.how.status, 3);
    CHECK_INT(one.how.signal, 0);
    CHECK(one.child.pid > 1);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "out\n");
    CHECK_STR(buf_str(&one.out[CHILD_STDERR]), "err\n");
    CHECK(tree_is_dead());
    finish();
}

TEST(the_end_by_a_signal_is_told)
{
    begin();
    start_line("kill -SEGV $$", STR_NONE, false);
    run();
    CHECK(one.how.started);
    CHECK_INT(one.how.status, -1);
    CHECK_INT(one.how.signal, SIGSEGV);
    finish();
}

TEST(a_program_that_is_not_there_or_may_not_run_is_told_with_its_errno)
{
    const char *none[] = {"/no/such/program", NULL}, *closed[] = {lock_path, NULL}, *empty[] = {NULL};
    begin();
    struct child_spec spec = {.argv = none};
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, ENOENT);
    CHECK_INT(one.how.status, -1);
    CHECK_INT(one.child.pid, 0);
    spec.argv = closed;
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, EACCES);
    spec.argv = empty;
    CHECK_INT(start(&one, &spec), ERR_INVALID);
    CHECK(one.child.inside == NULL);
    finish();
}

TEST(a_working_directory_that_is_not_there_is_told_as_such)
{
    const char *argv[] = {"true", NULL};
    begin();
    struct child_spec spec = {.argv = argv, .cwd = "/no/such/folder"};
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, ENOENT);
    CHECK_STR(str_of(one.how.at), "its working directory");
    finish();
}

TEST(arguments_that_are_together_too_long_are_an_error_of_their_own)
{
    static char long_one[128 * 1024 - 1];
    const char *argv[60] = {"true"};
    struct err e;
    memset(long_one, 'a', sizeof long_one - 1);
    for (int i = 1; i < 59; i++) argv[i] = long_one;
    begin();
    struct child_spec spec = {.argv = argv};
    CHECK_INT(child_start(spawner, &one.child, &spec, &e), ERR_TOO_BIG);
    CHECK(one.child.inside == NULL);
    finish();
}

/* What the test program is as a keeper, with BIDE_TEST_LIAR: one that says that the program N has ended, and is killed. */
static int be_liar(const char *program)
{
    char said[64];
    int len = snprintf(said, sizeof said, "pid %s\nexit 0\n", program);
    return write(KEEPER_REPORT, said, (size_t)len) == len ? 0 : 1;
}

/* No descriptor for the image of the keeper in memory: this program is the keeper. */
static void begin_as_keeper(void)
{
    struct rlimit all, few;
    begin();
    child_keeper_close(spawner);
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &all);
    few = all;
    few.rlim_cur = (rlim_t)lowest + 2;
    setrlimit(RLIMIT_NOFILE, &few);
    struct err e;
    int err = child_keeper_open(&spawner, loop, lock_path, 0, &e);
    setrlimit(RLIMIT_NOFILE, &all);
    CHECK_INT(err, 0);
}

TEST(a_program_that_has_ended_is_not_killed_again_as_its_number_may_be_a_strangers)
{
    int status;
    char number[16];
    pid_t stranger = fork();
    CHECK(stranger >= 0);
    if (stranger == 0) {
        setpgid(0, 0);
        for (;;) pause();
    }
    setpgid(stranger, stranger);
    snprintf(number, sizeof number, "%d", (int)stranger);
    const char *argv[] = {"true", NULL};
    struct child_spec spec = {.argv = argv};
    begin_as_keeper();
    setenv("BIDE_TEST_LIAR", number, 1);
    CHECK_INT(start(&one, &spec), 0);
    unsetenv("BIDE_TEST_LIAR");
    run();
    CHECK(one.how.started);
    CHECK_INT(one.how.status, 0);
    CHECK_INT(kill(stranger, SIGTERM), 0);
    CHECK_INT(waitpid(stranger, &status, 0), stranger);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGTERM);
    finish();
}

TEST(input_is_delivered_and_ends)
{
    begin();
    start_line("cat; echo .", STR("hello"), false);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "hello.\n");
    run_release(&one);
    run_init(&one);
    start_line("cat; echo .", STR_NONE, false);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), ".\n");
    finish();
}

TEST(input_that_nobody_reads_is_no_error)
{
    char *bytes = calloc(1, MIB);
    begin();
    start_line("exit 0", (struct str){bytes, MIB}, false);
    run();
    CHECK_INT(one.how.status, 0);
    free(bytes);
    finish();
}

TEST(a_mebibyte_goes_both_ways_on_stdin_and_on_frames)
{
    char *bytes = malloc(MIB);
    for (size_t i = 0; i < MIB; i++) bytes[i] = (char)((i * 2654435761u) >> 11);
    begin();
    start_line("cat <&3 >&4 & cat; wait", (struct str){bytes, MIB}, true);
    CHECK_INT(child_send(&one.child, (struct str){bytes, MIB / 2}), 0);
    CHECK_INT(child_send(&one.child, (struct str){bytes + MIB / 2, MIB / 2}), 0);
    child_close_input(&one.child);
    CHECK_INT(child_send(&one.child, STR("late\n")), ERR_IO);
    run();
    CHECK_INT(one.how.status, 0);
    CHECK_INT(one.out[CHILD_STDOUT].len, MIB);
    CHECK_INT(one.out[CHILD_FRAMES].len, MIB);
    CHECK(memcmp(one.out[CHILD_STDOUT].p, bytes, MIB) == 0);
    CHECK(memcmp(one.out[CHILD_FRAMES].p, bytes, MIB) == 0);
    free(bytes);
    finish();
}

TEST(frames_can_be_opened_by_name_and_their_numbers_are_in_the_environment)
{
    begin();
    start_line("read x </dev/fd/$BIDE_IN; echo \"got $x\" >/proc/self/fd/$BIDE_OUT; echo err >/dev/stderr", STR_NONE,
               true);
    CHECK_INT(child_send(&one.child, STR("a frame\n")), 0);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_FRAMES]), "got a frame\n");
    CHECK_STR(buf_str(&one.out[CHILD_STDERR]), "err\n");
    CHECK_INT(child_send(&one.child, STR("x")), ERR_IO); /* after the end: refused, not fatal */
    child_signal_tree(&one.child, SIGKILL);
    child_close_input(&one.child);
    child_pause(&one.child, true);
    finish();
}

TEST(frames_beyond_the_bound_are_refused)
{
    static char frame[LIMIT_FRAME];
    int sent = 0, err;
    begin();
    start_line("tail -f /dev/null", STR_NONE, true);
    while ((err = child_send(&one.child, (struct str){frame, sizeof frame})) == 0) sent++;
    CHECK_INT(err, ERR_TOO_BIG);
    CHECK_INT(sent, 4);
    child_signal_tree(&one.child, SIGKILL);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    finish();
}

TEST(environment_and_working_directory_are_as_asked)
{
    char here[64];
    const char *argv[] = {"sh", "-c", "echo $BIDE_TEST_A-$BIDE_TEST_B-$BIDE_IN; pwd; nice", NULL};
    const char *env[] = {"BIDE_TEST_A=new", "BIDE_TEST_B=x y", NULL};
    struct child_spec spec = {.argv = argv, .env = env, .cwd = dir, .nice = 19};
    setenv("BIDE_TEST_A", "old", 1);
    begin();
    CHECK_INT(start(&one, &spec), 0);
    run();
    unsetenv("BIDE_TEST_A");
    snprintf(here, sizeof here, "new-x y-\n%s\n19\n", dir);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), here);
    finish();
}

TEST(a_full_pipe_left_by_the_program_is_read_to_its_end_even_when_paused)
{
    begin();
    start_line("head -c 60000 /dev/zero; head -c 50000 /dev/zero >&2; exit 0", STR_NONE, false);
    child_pause(&one.child, true);
    run();
    CHECK_INT(one.out[CHILD_STDOUT].len, 60000);
    CHECK_INT(one.out[CHILD_STDERR].len, 50000);
    finish();
}

TEST(a_paused_child_waits_until_its_output_is_wanted)
{
    begin();
    start_line("head -c 1000000 /dev/zero; exit 0", STR_NONE, false);
    child_pause(&one.child, true);
    turn_timer(&turn, &guard, 100, on_guard); /* sleep: it must not end in the meantime */
    loop_run(loop);
    CHECK(timed_out);
    timed_out = false;
    CHECK_INT(one.exits, 0);
    CHECK_INT(one.out[CHILD_STDOUT].len, 0);
    child_pause(&one.child, false);
    run();
    CHECK_INT(one.out[CHILD_STDOUT].len, 1000000);
    CHECK_INT(one.how.status, 0);
    finish();
}

TEST(two_hundred_children_leave_no_descriptor_behind)
{
    static struct run many[20];
    const char *argv[] = {"true", NULL};
    struct child_spec spec = {.argv = argv, .input = STR("x"), .frames = true};
    begin();
    int before = count_fds();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 20; i++) {
            run_init(&many[i]);
            CHECK_INT(start(&many[i], &spec), 0);
        }
        run();
        for (int i = 0; i < 20; i++) {
            CHECK_INT(many[i].exits, 1);
            CHECK_INT(many[i].how.status, 0);
            run_release(&many[i]);
        }
    }
    CHECK_INT(count_fds(), before);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    finish();
}

TEST(stray_descriptors_do_not_reach_the_program)
{
    begin();
    int stray = fcntl(2, F_DUPFD, 30), low = fcntl(2, F_DUPFD, 3); /* neither is close-on-exec */
    const char *argv[] = {"ls", "/proc/self/fd", NULL};
    struct child_spec spec = {.argv = argv};
    CHECK_INT(start(&one, &spec), 0);
    run();
    close(stray);
    close(low);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "0\n1\n2\n3\n"); /* 3 is ls's own look at the folder */
    finish();
}

TEST(the_program_starts_with_default_signals)
{
    sigset_t some, before;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    begin();
    sigprocmask(SIG_BLOCK, &some, &before);
    signal(SIGHUP, SIG_IGN);
    start_line("grep -E '^Sig(Blk|Ign)' /proc/self/status", STR_NONE, false);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    finish();
}

TEST(out_of_descriptors_nothing_starts_and_nothing_is_lost)
{
    static int taken[65536];
    int n = 0;
    struct err e;
    const char *argv[] = {"true", NULL};
    struct child_spec spec = {.argv = argv, .input = STR("x"), .frames = true};
    begin();
    int before = count_fds();
    while (n < 65536 && (taken[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) n++;
    for (int freed = 0; freed < 12; freed++) {
        close(taken[--n]);
        CHECK_INT(child_start(spawner, &one.child, &spec, &e), ERR_AGAIN);
    }
    while (n > 0) close(taken[--n]);
    CHECK_INT(count_fds(), before);
    loop_run(loop);
    CHECK_INT(one.exits, 0);
    finish();
}

TEST(a_folder_that_is_not_there_is_refused)
{
    struct err e;
    struct spawner *s;
    begin();
    CHECK_INT(child_keeper_open(&s, loop, "/no/such/folder/lock", 0, &e), ERR_IO);
    CHECK(strstr(e.text, "/no/such/folder"));
    CHECK_INT(keeper_lock_wait("/no/such/folder/lock", 0, &e), ERR_IO);
    finish();
}

/* `rate N`: not a test; how many programs a second. */
static int rate(int argc, char **argv)
{
    int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 100;
    static struct run many[8];
    const char *program[] = {"/bin/true", NULL};
    struct child_spec spec = {.argv = program, .frames = true};
    begin();
    for (int parallel = 1; parallel <= 8; parallel *= 2) {
        int64_t before_ms = clock_mono_ms(&clock_system);
        for (int done = 0; done < n; done += parallel) {
            for (int i = 0; i < parallel; i++) {
                run_init(&many[i]);
                if (start(&many[i], &spec) < 0) return 1;
            }
            loop_run(loop);
        }
        int64_t ms = clock_mono_ms(&clock_system) - before_ms;
        printf("%d at a time: %.0f/s\n", parallel, n * 1000.0 / (double)(ms ? ms : 1));
    }
    finish();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0 && getenv("BIDE_TEST_LIAR")) return be_liar(getenv("BIDE_TEST_LIAR"));
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return rig_main(argc, argv, argc > 1 && strcmp(argv[1], "rate") == 0 ? rate : test_main);
}
