/* SPDX-License-Identifier: Apache-2.0
 *
 * Real children through the spawn seam, and a loop to run them in. The test program is its own keeper binary. Trees are
 * watched from outside through a FIFO that every process of them holds open: with the last one gone there is end of
 * file.
 */
#ifndef TEST_UNIT_HANDLER_CHILD_RIG_H
#define TEST_UNIT_HANDLER_CHILD_RIG_H

#include "base/buf.h"
#include "base/clock.h"
#include "handler/child_keeper.h"
#include "handler/keeper.h"
#include "handler/keeper_lock.h"
#include "test/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD_MS 20000
#define MIB (1024 * 1024)

static char dir[] = "/tmp/bide-child-XXXXXX";
static char fifo_path[64], lock_path[64];
static struct turn turn;
static struct loop *loop;
static struct spawner *spawner;
static struct timer guard;
static bool timed_out;
static int fifo = -1;

static struct run {
    struct child child;
    struct child_exit how;
    struct buf out[3]; /* enum child_stream */
    size_t stop_at;    /* of stdout: stops the loop */
    bool kill_at;      /* ... or kills the tree */
    int exits;
    bool stop_at_hang_up; /* stops the loop */
    int hung_up;
} one;

static int running;
static int64_t open_files; /* what begin() opens the spawner with */

static inline void on_guard(struct timer *t)
{
    (void)t;
    timed_out = true;
    loop_stop(loop);
}

static inline void on_data(struct child *c, enum child_stream from, struct str bytes)
{
    struct run *r = CONTAINER_OF(c, struct run, child);
    buf_add_str(&r->out[from], bytes);
    if (r->exits || !r->stop_at || from != CHILD_STDOUT || r->out[from].len < r->stop_at) return;
    if (r->kill_at) child_signal_tree(c, SIGKILL);
    else loop_stop(loop);
}

static inline void on_frames_end(struct child *c)
{
    struct run *r = CONTAINER_OF(c, struct run, child);
    r->hung_up++;
    if (r->stop_at_hang_up) loop_stop(loop);
}

static inline void on_exit_of(struct child *c, const struct child_exit *how)
{
    struct run *r = CONTAINER_OF(c, struct run, child);
    r->how = *how;
    r->exits++;
    if (--running == 0) loop_stop(loop);
}

static inline void run_init(struct run *r)
{
    *r = (struct run){.child = {.on_data = on_data, .on_frames_end = on_frames_end, .on_exit = on_exit_of}};
    for (int i = 0; i < 3; i++) buf_init(&r->out[i], 64 * MIB);
}

static inline void run_release(struct run *r)
{
    for (int i = 0; i < 3; i++) buf_release(&r->out[i]);
}

static inline void finish(void)
{
    child_keeper_close(spawner);
    spawner = NULL;
    turn_timer_stop(&turn, &guard);
    loop_close(loop);
    turn_release(&turn);
    run_release(&one);
    close(fifo);
}

static inline void begin(void)
{
    struct err e;
    if (spawner) finish(); /* after a test that failed */
    timed_out = false;
    running = 0;
    run_init(&one);
    fifo = open(fifo_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    CHECK_INT(child_keeper_open(&spawner, loop, lock_path, open_files, &e), 0);
}

static inline void run(void)
{
    turn_timer(&turn, &guard, GUARD_MS, on_guard);
    loop_run(loop);
    turn_timer_stop(&turn, &guard);
    CHECK(!timed_out);
}

static inline int start(struct run *r, const struct child_spec *spec)
{
    struct err e;
    int err = child_start(spawner, &r->child, spec, &e);
    if (err == 0) running++;
    return err;
}

/* A shell line as the child. The FIFO is its descriptor 9. */
static inline void start_line(const char *line, struct str input, bool frames)
{
    char script[1024];
    snprintf(script, sizeof script, "exec 9>%s; %s", fifo_path, line);
    const char *argv[] = {"sh", "-c", script, NULL}, *env[] = {NULL};
    struct child_spec spec = {.argv = argv, .env = env, .input = input, .frames = frames};
    CHECK_INT(start(&one, &spec), 0);
}

static inline bool tree_is_dead(void)
{
    char c;
    return read(fifo, &c, 1) == 0;
}

/* Waits until the process is stopped by a signal. */
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

static inline int count_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static inline int rig_main(int argc, char **argv, int (*instead)(int argc, char **argv))
{
    if (!mkdtemp(dir)) return 1;
    snprintf(fifo_path, sizeof fifo_path, "%s/fifo", dir);
    snprintf(lock_path, sizeof lock_path, "%s/keepers.lock", dir);
    if (mkfifo(fifo_path, 0600) < 0) return 1;
    int failed = instead(argc, argv);
    unlink(fifo_path);
    unlink(lock_path);
    rmdir(dir);
    return failed;
}

#endif
