/* SPDX-License-Identifier: Apache-2.0
 *
 * posix_spawn and a pidfd in the loop's poll set. posix_spawn borrows our memory until the exec, so starting a process
 * costs the same at any size of ours; a fork copies page tables and would stop the loop for milliseconds. A group and no
 * session of its own, as for a session the kernel makes a group for its scheduler, too. It must never wait for "any"
 * child: only waitid(P_PIDFD) on its own.
 */
#include "loop/process.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct process_watch {
    uv_poll_t poll;
    int pidfd;             /* owned */
    struct process *owner; /* borrowed; NULL once over */
};

static void on_watch_closed(uv_handle_t *handle) { free(handle->data); }

/* Says dup2(fds[i], i) for each. A source below n_fds could be overwritten before its turn: it moves up first, and
 * `moved` keeps what the caller has to close. */
static int place(posix_spawn_file_actions_t *actions, const struct process_spec *spec, int *moved)
{
    for (size_t i = 0; i < spec->n_fds; i++) {
        int from = spec->fds[i], to = (int)i, failed;
        if (from >= 0 && from < (int)spec->n_fds) {
            from = moved[i] = fcntl(from, F_DUPFD_CLOEXEC, (int)spec->n_fds);
            if (from < 0) return errno;
        }
        failed = from < 0 ? posix_spawn_file_actions_addclose(actions, to)
                          : posix_spawn_file_actions_adddup2(actions, from, to);
        if (failed) return failed;
    }
    return 0;
}

/* Returns 0 or an errno. */
static int spawn(pid_t *ret_pid, const struct process_spec *spec)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t every, none;
    int moved[PROCESS_FDS], failed;
    sigfillset(&every);
    sigemptyset(&none);
    for (size_t i = 0; i < PROCESS_FDS; i++) moved[i] = -1;
    posix_spawn_file_actions_init(&actions); /* these four only fill memory of ours in */
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &every);
    posix_spawnattr_setsigmask(&attr, &none);
    failed = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    if (!failed) failed = place(&actions, spec, moved);
    if (!failed)
        failed = posix_spawn(ret_pid, spec->path, &actions, &attr, (char *const *)spec->argv, (char *const *)spec->env);
    for (size_t i = 0; i < PROCESS_FDS; i++)
        if (moved[i] >= 0) close(moved[i]);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Takes the dead process in. False: it still lives. */
static bool reap(const struct process_watch *w, struct process_exit *ret_how)
{
    siginfo_t info = {.si_pid = 0};
    if (waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED | WNOHANG) < 0) {
        if (errno != ECHILD) return false;
        *ret_how = (struct process_exit){-1, SIGKILL}; /* someone else reaped it: how it ended is lost, but it has */
        return true;
    }
    if (info.si_pid == 0) return false;
    *ret_how = info.si_code == CLD_EXITED ? (struct process_exit){info.si_status, 0}
                                          : (struct process_exit){-1, info.si_status};
    return true;
}

static void let_go(struct process_watch *w)
{
    w->owner->inside = NULL;
    w->owner = NULL;
    loop_handle_close((uv_handle_t *)&w->poll, on_watch_closed);
    close(w->pidfd);
}

static void on_pidfd(uv_poll_t *poll, int status, int events)
{
    struct process_watch *w = poll->data;
    struct process *p = w->owner;
    struct process_exit how;
    (void)status;
    (void)events;
    if (!reap(w, &how)) return;
    let_go(w);
    p->on_exit(p, &how);
}

static int watch(struct process *p, struct loop *l, struct err *e)
{
    int pidfd = pidfd_open(p->pid, 0); /* ours and not reaped: the number cannot mean another process */
    if (pidfd < 0) return err_set_errno(e, loop_err(-errno), errno, "pidfd_open");
    struct process_watch *w = mem_new(sizeof *w);
    int status = uv_poll_init(loop_uv(l), &w->poll, pidfd);
    if (status < 0) {
        free(w);
        close(pidfd);
        return loop_err_set(e, status, "pidfd");
    }
    w->poll.data = w;
    w->pidfd = pidfd;
    w->owner = p;
    p->inside = w;
    uv_poll_start(&w->poll, UV_READABLE, on_pidfd); /* cannot fail: the handle is open */
    return 0;
}

int process_start(struct process *p, struct loop *l, const struct process_spec *spec, struct err *e)
{
    pid_t pid;
    if (spec->n_fds > PROCESS_FDS) return err_set(e, ERR_INVALID, "too many descriptors for one process");
    int failed = spawn(&pid, spec);
    if (failed == E2BIG) return err_set_errno(e, ERR_TOO_BIG, failed, "arguments and environment");
    if (failed) return err_set_errno(e, loop_err(-failed), failed, spec->path);
    p->pid = pid;
    int err = watch(p, l, e);
    if (err) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    return err;
}

void process_signal(struct process *p, int signal)
{
    if (p->inside) pidfd_send_signal(p->inside->pidfd, signal, NULL, 0); /* fails only when it has just ended */
}

bool process_is_stopped(const struct process *p)
{
    siginfo_t info = {.si_pid = 0};
    if (!p->inside) return false;
    return waitid(P_PIDFD, (id_t)p->inside->pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

bool process_close(struct process *p, int64_t wait_ms)
{
    struct process_watch *w = p->inside;
    struct process_exit how;
    if (!w) return true;
    struct pollfd ended = {.fd = w->pidfd, .events = POLLIN};
    bool over = reap(w, &how);
    if (!over && wait_ms > 0) {
        while (poll(&ended, 1, (int)wait_ms) < 0 && errno == EINTR) continue;
        over = reap(w, &how);
    }
    let_go(w);
    return over;
}
