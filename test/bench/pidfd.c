/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded into a server that runs under valgrind, whose older versions (3.19 of Debian 12) know no pidfds: one is a
 * pipe here that ends with its process. A thread for each waits for that, and is not counted with the server's own.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDS 1024

static struct {
    pid_t pid;
    int until; /* our end of the pipe */
} known[FDS];

static void *watch(void *arg)
{
    intptr_t fd = (intptr_t)arg;
    siginfo_t info;
    while (waitid(P_PID, (id_t)known[fd].pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
    close(known[fd].until);
    return NULL;
}

int pidfd_open(pid_t pid, unsigned int flags)
{
    int ends[2];
    pthread_t thread;
    (void)flags;
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    assert(ends[0] < FDS);
    known[ends[0]].pid = pid;
    known[ends[0]].until = ends[1];
    if (pthread_create(&thread, NULL, watch, (void *)(intptr_t)ends[0]) != 0) return -1;
    pthread_detach(thread);
    return ends[0];
}

int pidfd_send_signal(int fd, int signal, siginfo_t *info, unsigned int flags)
{
    (void)info;
    (void)flags;
    return kill(known[fd].pid, signal);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    if (type == P_PIDFD) return (int)syscall(SYS_waitid, P_PID, known[id].pid, info, options, NULL);
    return (int)syscall(SYS_waitid, type, id, info, options, NULL);
}
