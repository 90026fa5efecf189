/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/task/TID/children (proc(5)) of each of our threads. A child keeps its number until it is reaped, which for these
 * nobody else does: no signal can hit a stranger.
 */
#include "handler/strays.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void on_child(void *user, int pid);

/* False: it cannot be looked at. A thread that has ended meanwhile has no children any more. */
static bool each_of_thread(int tasks, const char *tid, on_child *f, void *user)
{
    char path[sizeof((struct dirent *)0)->d_name + sizeof "/children"], text[4096];
    snprintf(path, sizeof path, "%s/children", tid);
    int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ESRCH;
    int pid = 0;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                if (pid > 1) f(user, pid);
                pid = 0;
            }
        }
    }
    close(fd);
    return true;
}

static bool each(on_child *f, void *user)
{
    bool all = true;
    DIR *d = opendir("/proc/self/task");
    if (!d) return false;
    for (const struct dirent *t; (t = readdir(d));)
        if (t->d_name[0] != '.') all &= each_of_thread(dirfd(d), t->d_name, f, user);
    closedir(d);
    return all;
}

static void count(void *user, int pid)
{
    (void)pid;
    ++*(int *)user;
}

void strays_init(struct strays *s)
{
    int children = 0;
    s->off = getpid() == 1 || !each(count, &children) || children > 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0;
}

struct search {
    bool (*is_keeper)(void *user, int pid);
    void *user;
    int found;
};

static void end(void *user, int pid)
{
    struct search *search = user;
    if (search->is_keeper(search->user, pid)) return;
    search->found++;
    pid_t group = getpgid(pid); /* of one tree alone, as each has a session of its own: so a fork bomb is overtaken */
    if (group > 1 && group != getpgrp()) kill(-group, SIGKILL);
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, WNOHANG);
}

bool strays_end(const struct strays *s, bool (*is_keeper)(void *user, int pid), void *user)
{
    struct search search = {is_keeper, user, 0};
    return s->off || (each(end, &search) && search.found == 0);
}
