/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper of one process tree. It is a child subreaper: whatever loses its parent below it, by double fork or with a
 * session of its own, becomes its child. So a tree is dead exactly when waitpid() says "no children", and until then
 * whatever is in the list of children is killed, level by level.
 *
 *   lock, is bide there? ──no──▶ exit
 *        │ fork, exec
 *        ▼      order T: SIGTERM to all
 *     running ◀───────────┐
 *        │ program ended, order K, end of file
 *        ▼
 *     killing ──no children──▶ clean, exit
 *
 * It must never allocate, take a lock it could wait for, or use a library: it has to work when nothing else does.
 */
#include "handler/keeper.h"
#include "handler/children.h"
#include "handler/keeper_exec.h"
#include "handler/keeper_sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 25 /* 20 ms each: a server that looks whether keepers are left holds the lock for a moment */
#define ORDERS 8       /* place of the first in argv */
#define TREE_MAX 32768 /* descendants found in one look; the next look finds the others */

static pid_t program; /* 0 once it has ended */
static int exec_fd;   /* says how the exec went; -1 once that is known */
static pid_t tree[TREE_MAX];
static size_t n_tree;

/* Those that a C library keeps for its threads, too: here there are none. */
static void fill(sigset_t *every) { memset(every, 0xff, sizeof *every); }

/* From first to last; not every C library has close_range(). */
static int close_fds(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }

static void report(const char *word, int number)
{
    char line[32];
    int len = snprintf(line, sizeof line, "%s %d\n", word, number);
    (void)!write(KEEPER_REPORT, line, (size_t)len); /* when bide is gone nobody needs to know */
}

static struct keeper_failed failed_at(const char *what, int sys) { return (struct keeper_failed){what, sys, NULL}; }

/* A path is shown as one line, as much of it as fits. */
static void report_failed(const struct keeper_failed *failed)
{
    char line[256];
    int len = snprintf(line, sizeof line - 1, "%s %d%s%s", failed->what, failed->sys, failed->detail ? " " : "",
                       failed->detail ? failed->detail : "");
    size_t end = (size_t)len < sizeof line - 1 ? (size_t)len : sizeof line - 2;
    for (size_t i = 0; i < end; i++)
        if ((unsigned char)line[i] < ' ') line[i] = '?';
    line[end] = '\n';
    (void)!write(KEEPER_REPORT, line, end + 1);
}

static void add(void *user, pid_t pid)
{
    (void)user;
    if (n_tree < TREE_MAX) tree[n_tree++] = pid;
}

/* What cannot be looked at now is, in the next look. */
static void add_family(pid_t pid) { (void)children_each(pid, add, NULL); }

/* Everything is listed first: what ends at the signal would hand its children to us, and one of them would hear twice.
 */
static void term_tree(void)
{
    n_tree = 0;
    add_family(getpid());
    for (size_t i = 0; i < n_tree; i++) add_family(tree[i]);
    for (size_t i = 0; i < n_tree; i++) {
        kill(tree[i], SIGTERM);
        kill(tree[i], SIGCONT); /* a stopped process hears nothing else */
    }
}

/* Kills the children only: with their death theirs become ours, for the next look. A child that was not reaped keeps
 * its number, so none of these signals can hit a stranger, however fast numbers are used up. And a whole process group
 * at once, which is how a fork bomb is overtaken: no member can fork past a signal to its group. Groups of descendants
 * hold descendants only, as the program has a session of its own. */
static void kill_children(void)
{
    pid_t last_group = getpgrp();
    n_tree = 0;
    add_family(getpid());
    for (size_t i = 0; i < n_tree; i++) {
        pid_t group = getpgid(tree[i]);
        if (group > 1 && group != getpgrp() && group != last_group) kill(-group, SIGKILL);
        kill(tree[i], SIGKILL);
        last_group = group;
    }
}

static void learn_exec(void)
{
    struct keeper_failed failed; /* from our fork: a pointer means the same to it */
    ssize_t n = read(exec_fd, &failed, sizeof failed);
    if (n < 0 && errno == EINTR) return;
    if (n == (ssize_t)sizeof failed) report_failed(&failed);
    close(exec_fd);
    exec_fd = -1;
}

/* Takes the dead in. False when there are no children any more. */
static bool reap(void)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        if (pid != program) continue;
        while (exec_fd >= 0) learn_exec(); /* does not block: the program's end of it is closed */
        if (WIFSIGNALED(status)) report("signal", WTERMSIG(status));
        else report("exit", WEXITSTATUS(status));
        program = 0;
    }
    return !(pid < 0 && errno == ECHILD);
}

/* Sleeps until a child ends, something is to be read, or the time is up. SIGCHLD is open only in here. */
static void pause_for(struct pollfd *fds, nfds_t n, const struct timespec *at_most)
{
    sigset_t all_but_child;
    fill(&all_but_child);
    sigdelset(&all_but_child, SIGCHLD);
    if (ppoll(fds, n, at_most, &all_but_child) < 0)
        for (nfds_t i = 0; i < n; i++) fds[i].revents = 0;
}

static void end_tree(void)
{
    static const struct timespec look_again = {0, 20000000}; /* a child born during a look shows in the next */
    while (reap()) {
        kill_children();
        if (!reap()) break;
        pause_for(NULL, 0, &look_again);
    }
    (void)!write(KEEPER_REPORT, "clean\n", 6);
}

/* Returns when the tree has to end: by itself, by order, or because bide is gone. */
static void keep(void)
{
    while (program) {
        struct pollfd fds[2] = {{.fd = KEEPER_CONTROL, .events = POLLIN}, {.fd = exec_fd, .events = POLLIN}};
        pause_for(fds, 2, NULL);
        if (fds[1].revents) learn_exec();
        if (fds[0].revents) {
            char order = KEEPER_KILL;
            if (read(KEEPER_CONTROL, &order, 1) <= 0 || order == KEEPER_KILL) return;
            if (order == KEEPER_TERM) term_tree();
        }
        reap();
    }
}

/* Makes the entries marked for the program its environment: in place, dropping those they replace. */
static void set_environment(void)
{
    const size_t mark = strlen(KEEPER_ENV);
    size_t n = 0;
    for (char **from = environ; *from; from++) {
        char *entry = *from;
        if (strncmp(entry, KEEPER_ENV, mark) == 0) {
            entry += mark;
            size_t name = strcspn(entry, "=");
            for (size_t i = 0; i < n;) {
                if (strncmp(environ[i], entry, name) == 0 && environ[i][name] == '=') environ[i] = environ[--n];
                else i++;
            }
        }
        environ[n++] = entry;
    }
    environ[n] = NULL;
}

/* posix_spawn leaves the C library's own two signals ignored, and sigaction() does not touch them. */
static void reset_library_signals(void)
{
    static const unsigned long as_new[16]; /* the kernel's struct sigaction, SIG_DFL */
    for (int signal = 32; signal < SIGRTMIN; signal++) syscall(SYS_rt_sigaction, signal, as_new, NULL, _NSIG / 8);
}

/* bide raises its own soft limit; a program that uses select() must not get descriptors beyond 1023. */
static int limit_files(rlim_t files)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) < 0) return -1;
    if (files == 0 || files >= r.rlim_cur) return 0;
    r.rlim_cur = files;
    return setrlimit(RLIMIT_NOFILE, &r);
}

/* In the child: returns only when something failed. */
static struct keeper_failed become(char **argv, size_t orders, pid_t keeper)
{
    sigset_t none;
    sigemptyset(&none);
    if (setsid() < 0) return failed_at("exec", errno);
    errno = 0;
    if (nice((int)strtol(argv[3], NULL, 10)) == -1 && errno) return failed_at("exec", errno);
    if (limit_files((rlim_t)strtoull(argv[6], NULL, 10)) < 0) return failed_at("exec", errno);
    struct keeper_failed failed = keeper_sandbox_enter(argv + ORDERS, orders);
    if (failed.what) return failed;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return failed_at("exec", errno); /* with another user it would be forgotten */
    if (getppid() != keeper) _exit(127); /* it died before the line above: nobody to tell */
    if (argv[5][0] && chdir(argv[5]) < 0) return failed_at("cwd", errno);
    if (argv[4][0] == '0') (void)close_fds(KEEPER_IN, KEEPER_OUT);
    set_environment();
    reset_library_signals();
    sigprocmask(SIG_SETMASK, &none, NULL);
    report("pid", getpid()); /* by the child itself: whatever the program does, it was said before */
    return failed_at("exec", keeper_exec(argv + ORDERS + orders));
}

static struct keeper_failed start(char **argv, size_t orders)
{
    int fds[2];
    pid_t keeper = getpid();
    if (pipe2(fds, O_CLOEXEC) < 0) return failed_at("exec", errno);
    program = fork();
    if (program < 0) return failed_at("exec", errno);
    if (program == 0) {
        struct keeper_failed failed = become(argv, orders, keeper);
        (void)!write(fds[1], &failed, sizeof failed);
        _exit(127);
    }
    close(fds[1]);
    exec_fd = fds[0];
    (void)close_fds(0, KEEPER_CONTROL - 1); /* end of file on them is the program's to make */
    return (struct keeper_failed){0};
}

static void on_child(int signal) { (void)signal; } /* only interrupts ppoll */

/* Returns 0 or an errno. */
static int take_lock(const char *path)
{
    static const struct timespec look_again = {0, 20000000};
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return errno;
    for (int tries = 0; flock(lock, LOCK_SH | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK || tries == LOCK_TRIES) return errno;
        nanosleep(&look_again, NULL); /* sleep: flock cannot wait for a bounded time */
    }
    return 0;
}

/* Descriptors 0 to 4 are the program's, control, report and lock are ours, others are strays. */
static struct keeper_failed prepare(char **argv)
{
    struct sigaction child = {.sa_handler = on_child, .sa_flags = SA_NOCLDSTOP};
    sigset_t every;
    fill(&every);
    if (sigprocmask(SIG_SETMASK, &every, NULL) < 0 || sigaction(SIGCHLD, &child, NULL) < 0) goto failed;
    (void)prctl(PR_SET_NAME, "bide-keeper");
    (void)prctl(PR_SET_PDEATHSIG, SIGCONT); /* one that was stopped sees that bide is gone */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || close_fds(KEEPER_FDS, ~0U) < 0) goto failed;
    if (fcntl(KEEPER_CONTROL, F_SETFD, FD_CLOEXEC) < 0 || fcntl(KEEPER_REPORT, F_SETFD, FD_CLOEXEC) < 0) goto failed;
    int sys = take_lock(argv[2]);
    return sys ? failed_at("lock", sys) : (struct keeper_failed){0};
failed:
    return failed_at("exec", errno);
}

/* Looked at after the lock is held: a bide that was killed before has a successor that may have seen the lock free. */
static bool bide_is_gone(void)
{
    struct pollfd control = {.fd = KEEPER_CONTROL, .events = POLLIN};
    return poll(&control, 1, 0) == 1 && !(control.revents & POLLIN);
}

int keeper_main(int argc, char **argv)
{
    size_t orders = argc > ORDERS ? (size_t)strtoul(argv[ORDERS - 1], NULL, 10) : 0;
    if (argc <= ORDERS || orders >= (size_t)(argc - ORDERS)) return 64;
    struct keeper_failed failed = prepare(argv);
    if (!failed.what && bide_is_gone()) _exit(0);
    if (!failed.what) failed = start(argv, orders);
    if (failed.what) report_failed(&failed);
    else keep();
    end_tree();
    _exit(0);
}
