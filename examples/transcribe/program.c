/* SPDX-License-Identifier: Apache-2.0
 *
 * See program.h. Several threads start programs at the same time: every descriptor is close-on-exec from the beginning.
 */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int program_start(struct program *p, const char *const *argv)
{
    int ends[2], failed;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC)) return errno;
    p->err = memfd_create("stderr", MFD_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    if (p->err >= 0) posix_spawn_file_actions_adddup2(&actions, p->err, 2);
    failed = posix_spawnp(&p->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    p->out = ends[0];
    if (failed) {
        close(p->out);
        if (p->err >= 0) close(p->err);
    }
    return failed;
}

/* The last line it wrote to its standard error. */
static void last_words(const struct program *p, char *line, size_t cap)
{
    char tail[1024];
    off_t size = p->err < 0 ? 0 : lseek(p->err, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail - 1 ? size - (off_t)sizeof tail + 1 : 0;
    ssize_t n = size > 0 ? pread(p->err, tail, sizeof tail - 1, from) : 0;
    while (n > 0 && tail[n - 1] == '\n') n--;
    tail[n > 0 ? n : 0] = 0;
    const char *start = strrchr(tail, '\n');
    snprintf(line, cap, "%.*s", (int)cap - 1, start ? start + 1 : tail);
}

int program_end(struct program *p, bool at_once, char *why, size_t cap)
{
    int status = 0;
    if (at_once) kill(p->pid, SIGKILL);
    close(p->out);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    last_words(p, why, cap);
    if (p->err >= 0) close(p->err);
    return status;
}

size_t program_read(struct program *p, void *to, size_t cap)
{
    size_t have = 0;
    while (have < cap) {
        ssize_t n = read(p->out, (char *)to + have, cap - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += (size_t)n;
    }
    return have;
}
