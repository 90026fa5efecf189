/* SPDX-License-Identifier: Apache-2.0
 *
 * A keeper spoken to over its pipes as keeper.h says. The test program is its own keeper binary. Whether a tree is dead
 * is asked of the kernel: every process of it holds the write end of stdout, so with the last one gone there is end of
 * file, and with one left there is not.
 */
#ifndef TEST_UNIT_HANDLER_KEEPER_RIG_H
#define TEST_UNIT_HANDLER_KEEPER_RIG_H

#include "handler/keeper.h"
#include "test/test.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD_MS 20000

static char dir[] = "/tmp/bide-keeper-XXXXXX";
static char lock_path[64];

static struct keeping {
    pid_t pid;
    int out, control, report; /* ours; -1: closed */
    char said[512];           /* reports so far */
    size_t said_len;
} k;

static const char *nice_text = "0", *cwd = "", *files_text = "0";
static const char *const *orders; /* of keeper_sandbox.h, NULL at the end; NULL: none */

static inline void shut(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* In the child of fork: the keeper, with a stray descriptor besides the seven. */
static inline _Noreturn void exec_keeper(const int *theirs, const char *const *program)
{
    char n[8];
    const char *argv[32] = {"keeper", KEEPER_OPTION, lock_path, nice_text, "0", cwd, files_text, n};
    int at = 8;
    for (int i = 0; orders && orders[i] && i < 12; i++) argv[at++] = orders[i];
    snprintf(n, sizeof n, "%d", at - 8);
    for (int i = 0; i < 8 && program[i]; i++) argv[at++] = program[i];
    for (int i = 0; i < KEEPER_FDS; i++) dup2(theirs[i], i);
    dup2(theirs[0], 42);
    setsid();
    execv("/proc/self/exe", (char *const *)argv);
    _exit(99);
}

static inline void start(const char *const *program)
{
    int out[2], control[2], report[2];
    if (k.pid > 0) kill(k.pid, SIGKILL); /* left by a test that failed */
    k.pid = 0;
    CHECK_INT(pipe2(out, O_CLOEXEC), 0);
    CHECK_INT(pipe2(control, O_CLOEXEC), 0);
    CHECK_INT(pipe2(report, O_CLOEXEC), 0);
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int theirs[KEEPER_FDS] = {null_fd, out[1], 2, null_fd, null_fd, control[0], report[1]};
    for (int i = 0; i < KEEPER_FDS; i++) theirs[i] = fcntl(theirs[i], F_DUPFD_CLOEXEC, 50);
    k = (struct keeping){.pid = fork(), .out = out[0], .control = control[1], .report = report[0]};
    if (k.pid == 0) exec_keeper(theirs, program);
    CHECK(k.pid > 0);
    for (int i = 0; i < KEEPER_FDS; i++) close(theirs[i]);
    close(null_fd);
    close(out[1]);
    close(control[0]);
    close(report[1]);
}

static inline void start_shell(const char *line)
{
    const char *program[] = {"sh", "-c", line, NULL};
    start(program);
}

/* Waits until something is to be read; ends the test when nothing comes. */
static inline ssize_t read_soon(int fd, char *to, size_t cap)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK_INT(poll(&p, 1, GUARD_MS), 1);
    return read(fd, to, cap);
}

/* The next n bytes of the program's output. */
static inline void expect_output(const char *wanted)
{
    char seen[256];
    size_t n = strlen(wanted), len = 0;
    for (ssize_t got; len < n && (got = read_soon(k.out, seen + len, n - len)) > 0;) len += (size_t)got;
    CHECK_STR(((struct str){seen, len}), wanted);
}

static inline void wait_reported(const char *line)
{
    while (!strstr(k.said, line)) {
        ssize_t n = read_soon(k.report, k.said + k.said_len, sizeof k.said - 1 - k.said_len);
        if (n <= 0) fprintf(stderr, "waiting for \"%s\", reported was \"%s\"\n", line, k.said);
        CHECK(n > 0);
        k.said_len += (size_t)n;
        k.said[k.said_len] = '\0';
    }
}

/* Waits until a process is stopped by a signal. */
static inline void wait_stopped(int pid)
{
    char path[32], stat[256];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int tries = 0; tries < GUARD_MS; tries++) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, stat, sizeof stat - 1);
        close(fd);
        CHECK(n > 0);
        stat[n] = '\0';
        const char *state = strrchr(stat, ')');
        if (state && state[2] == 'T') return;
        poll(NULL, 0, 1); /* sleep: no descriptor tells this */
    }
    CHECK(!"stopped");
}

static inline void order(char what) { CHECK_INT(write(k.control, &what, 1), 1); }

/* All reports; the keeper has ended. */
static inline const char *wait_over(void)
{
    int status;
    while (k.said_len < sizeof k.said - 1) {
        ssize_t n = read_soon(k.report, k.said + k.said_len, sizeof k.said - 1 - k.said_len);
        if (n <= 0) break;
        k.said_len += (size_t)n;
    }
    CHECK_INT(waitpid(k.pid, &status, 0), k.pid);
    k.pid = 0;
    shut(&k.control);
    shut(&k.report);
    return k.said;
}

/* Reads what is left of the output; true when that ends with end of file, so that nobody holds it any more. */
static inline bool tree_is_dead(void)
{
    char rest[4096];
    ssize_t n;
    fcntl(k.out, F_SETFL, O_NONBLOCK);
    while ((n = read(k.out, rest, sizeof rest)) > 0) continue;
    shut(&k.out);
    return n == 0;
}

/* Without its first line "pid N". */
static inline void check_reports(const char *wanted)
{
    wait_over();
    CHECK(str_starts(str_of(k.said), STR("pid ")));
    CHECK_STR(str_of(strchr(k.said, '\n') + 1), wanted);
    CHECK(tree_is_dead());
}

static inline int rig_main(int argc, char **argv)
{
    if (!mkdtemp(dir)) return 1;
    snprintf(lock_path, sizeof lock_path, "%s/keepers.lock", dir);
    close(open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    int failed = test_main(argc, argv);
    unlink(lock_path);
    rmdir(dir);
    return failed;
}

#endif
