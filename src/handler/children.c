/* SPDX-License-Identifier: Apache-2.0
 *
 * Two loops: the threads of the process, and the numbers in the file of each.
 */
#include "handler/children.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static bool has_ended(void) { return errno == ENOENT || errno == ESRCH; }

static bool each_of_thread(int tasks, const char *tid, void (*f)(void *user, pid_t pid), void *user)
{
    char path[sizeof((struct dirent64 *)0)->d_name + sizeof "/children"], text[4096];
    snprintf(path, sizeof path, "%s/children", tid);
    int fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return has_ended();
    pid_t pid = 0;
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;) {
        for (ssize_t i = 0; i < n; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + (text[i] - '0');
            } else {
                if (pid > 1) f(user, pid); /* never 0, which would mean a group */
                pid = 0;
            }
        }
    }
    close(fd);
    return true;
}

bool children_each(pid_t parent, void (*f)(void *user, pid_t pid), void *user)
{
    _Alignas(struct dirent64) char entries[8192];
    char path[64];
    bool all = true;
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return has_ended();
    for (ssize_t n; (n = getdents64(fd, (void *)entries, sizeof entries)) > 0;) {
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *d = (const void *)(entries + at);
            if (d->d_name[0] != '.') all &= each_of_thread(fd, d->d_name, f, user);
            at += d->d_reclen;
        }
    }
    close(fd);
    return all;
}
