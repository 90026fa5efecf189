/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes: how they end is seen, what they get is what was given, and other children are left alone.
 */
#include "base/clock.h"
#include "loop/pipe.h"
#include "loop/process.h"
#include "test/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD_MS 20000

static struct turn turn;
static struct loop *loop;
static struct timer guard;
static bool timed_out;
static int running;

static struct run {
    struct process process;
    struct process_exit how;
    int exits;
} one;

static void on_guard(struct timer *t)
{
    (void)t;
    timed_out = true;
    loop_stop(loop);
}

static void on_exit_of(struct process *p, const struct process_exit *how)
{
    struct run *r = CONTAINER_OF(p, struct run, process);
    r->how = *how;
    r->exits++;
    if (--running == 0) loop_stop(loop);
}

static void begin(void)
{
    struct err e;
    timed_out = false;
    running = 0;
    one = (struct run){.process = {.on_exit = on_exit_of}};
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
}

static void run(void)
{
    turn_timer(&turn, &guard, GUARD_MS, on_guard);
    if (running > 0) loop_run(loop);
    turn_timer_stop(&turn, &guard);
    CHECK(!timed_out);
}

static void finish(void)
{
    process_close(&one.process, GUARD_MS);
    loop_close(loop);
    turn_release(&turn);
}

/* A shell line with these descriptors. */
static int start(struct run *r, const char *line, const int *fds, size_t n_fds)
{
    struct err e;
    const char *argv[] = {"sh", "-c", line, NULL}, *env[] = {"PATH=/usr/bin:/bin", NULL};
    struct process_spec spec = {.path = "/bin/sh", .argv = argv, .env = env, .fds = fds, .n_fds = n_fds};
    int err = process_start(&r->process, loop, &spec, &e);
    if (err == 0) running++;
    return err;
}

static int count_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

/* Reads until end of file. */
static size_t read_all(int fd, char *to, size_t cap)
{
    size_t len = 0;
    for (ssize_t n; len < cap - 1 && (n = read(fd, to + len, cap - 1 - len)) > 0;) len += (size_t)n;
    to[len] = '\0';
    return len;
}

/* What the line prints on descriptor 1. */
static void output_of(const char *line, char *to, size_t cap)
{
    int in, out;
    struct err e;
    CHECK_INT(pipe_make(&in, &out, &e), 0);
    int fds[] = {-1, out, 2};
    CHECK_INT(start(&one, line, fds, 3), 0);
    close(out);
    read_all(in, to, cap);
    close(in);
    run();
}

TEST(an_exit_status_is_told_once)
{
    begin();
    CHECK_INT(start(&one, "exit 7", NULL, 0), 0);
    CHECK(one.process.pid > 0);
    run();
    CHECK_INT(one.exits, 1);
    CHECK_INT(one.how.status, 7);
    CHECK_INT(one.how.signal, 0);
    CHECK(one.process.inside == NULL);
    process_signal(&one.process, SIGKILL);
    finish();
}

TEST(a_signal_is_told_as_a_signal)
{
    begin();
    CHECK_INT(start(&one, "exec tail -f /dev/null", NULL, 0), 0);
    process_signal(&one.process, SIGTERM);
    run();
    CHECK_INT(one.how.status, -1);
    CHECK_INT(one.how.signal, SIGTERM);
    finish();
}

TEST(a_program_that_is_not_there_starts_nothing)
{
    struct err e;
    begin();
    int before = count_fds();
    const char *argv[] = {"x", NULL}, *env[] = {NULL};
    int fds[] = {0, 2, 1};
    struct process_spec spec = {.path = "/no/such/program", .argv = argv, .env = env, .fds = fds, .n_fds = 3};
    CHECK_INT(process_start(&one.process, loop, &spec, &e), ERR_NOT_FOUND);
    CHECK(strstr(e.text, "/no/such/program"));
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(count_fds(), before);
    finish();
}

TEST(descriptors_may_change_places)
{
    int a[2], b[2], fds[PROCESS_FDS];
    struct err e;
    char text[16];
    begin();
    CHECK_INT(pipe_make(&a[0], &a[1], &e), 0);
    CHECK_INT(pipe_make(&b[0], &b[1], &e), 0);
    CHECK(a[1] < PROCESS_FDS && b[1] < PROCESS_FDS);
    for (int i = 0; i < PROCESS_FDS; i++) fds[i] = -1;
    fds[2] = 2;
    fds[a[1]] = b[1];
    fds[b[1]] = a[1];
    char line[100];
    snprintf(line, sizeof line, "echo to-a >/proc/self/fd/%d; echo to-b >/proc/self/fd/%d", b[1], a[1]);
    CHECK_INT(start(&one, line, fds, PROCESS_FDS), 0);
    close(a[1]);
    close(b[1]);
    run();
    CHECK_INT(one.how.status, 0);
    read_all(a[0], text, sizeof text);
    CHECK_STR(str_of(text), "to-a\n");
    read_all(b[0], text, sizeof text);
    CHECK_STR(str_of(text), "to-b\n");
    close(a[0]);
    close(b[0]);
    finish();
}

TEST(a_descriptor_that_is_not_given_is_closed)
{
    char text[64];
    begin();
    output_of("if [ -e /proc/self/fd/0 ]; then echo open; else echo closed; fi", text, sizeof text);
    CHECK_STR(str_of(text), "closed\n");
    finish();
}

#define LIBC_SIGNALS ((uint64_t)3 << 31) /* 32 and 33: glibc's own, which its posix_spawn sets to "ignored" */

/* The value of a "Name:\tvalue" line of /proc/PID/status. */
static uint64_t mask_of(const char *status, const char *name)
{
    const char *at = strstr(status, name);
    return at ? strtoull(at + strlen(name) + 1, NULL, 16) : UINT64_MAX;
}

TEST(signals_are_as_new_whatever_they_are_here)
{
    char text[8192];
    sigset_t some, before;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGTERM);
    begin();
    sigprocmask(SIG_BLOCK, &some, &before);
    signal(SIGHUP, SIG_IGN);
    output_of("exec cat /proc/self/status", text, sizeof text);
    signal(SIGHUP, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    CHECK(mask_of(text, "SigBlk:") == 0);
    CHECK((mask_of(text, "SigIgn:") & ~LIBC_SIGNALS) == 0);
    finish();
}

TEST(it_leads_a_group_of_its_own)
{
    char text[64], wanted[64];
    begin();
    output_of("exec ps -o pgid= -p $$", text, sizeof text);
    snprintf(wanted, sizeof wanted, "%d", one.process.pid);
    CHECK_STR(str_trim(str_sub(str_of(text), 0, strcspn(text, "\n"))), wanted);
    finish();
}

TEST(other_children_are_left_to_whom_they_belong)
{
    begin();
    pid_t other = fork();
    CHECK(other >= 0);
    if (other == 0) _exit(3);
    CHECK_INT(start(&one, "exit 4", NULL, 0), 0);
    run();
    CHECK_INT(one.how.status, 4);
    int status;
    CHECK_INT(waitpid(other, &status, 0), other);
    CHECK_INT(WEXITSTATUS(status), 3);
    finish();
}

TEST(closing_ends_the_watch_and_reaps)
{
    begin();
    CHECK_INT(start(&one, "exec tail -f /dev/null", NULL, 0), 0);
    CHECK(!process_close(&one.process, 0) || !"it cannot have ended");
    CHECK_INT(kill(one.process.pid, SIGKILL), 0);
    CHECK_INT(waitpid(one.process.pid, NULL, 0), one.process.pid);
    CHECK_INT(start(&one, "exec tail -f /dev/null", NULL, 0), 0);
    process_signal(&one.process, SIGKILL);
    CHECK(process_close(&one.process, GUARD_MS));
    CHECK_INT(waitpid(one.process.pid, NULL, WNOHANG), -1);
    loop_run(loop);
    CHECK_INT(one.exits, 0);
    finish();
}

TEST(a_hundred_processes_leave_no_descriptor_and_no_zombie)
{
    static struct run many[20];
    begin();
    int before = count_fds();
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 20; i++) {
            many[i] = (struct run){.process = {.on_exit = on_exit_of}};
            CHECK_INT(start(&many[i], "exit 1", NULL, 0), 0);
        }
        run();
        for (int i = 0; i < 20; i++) CHECK_INT(many[i].exits, 1);
    }
    CHECK_INT(count_fds(), before);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    finish();
}

TEST_MAIN
