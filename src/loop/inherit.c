/* SPDX-License-Identifier: Apache-2.0
 *
 * Only takes over; what kind of sockets these are is looked at where they are used (loop/bind.c).
 */
#include "loop/inherit.h"
#include "base/text.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int take_fds(struct inherit_socket *sockets, size_t max, size_t *ret_n, struct err *e)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    int64_t whose, n;
    if (!pid || !fds) return 0;
    if (text_int(&whose, str_of(pid)) != 0) return err_set(e, ERR_INVALID, "LISTEN_PID=%s: not a number", pid);
    if (whose != getpid()) return 0;
    if (text_int(&n, str_of(fds)) != 0 || n < 0) return err_set(e, ERR_INVALID, "LISTEN_FDS=%s: not a number", fds);
    if (n > (int64_t)max) return err_set(e, ERR_INVALID, "LISTEN_FDS=%s: at most %zu sockets", fds, max);
    struct str names = str_of(getenv("LISTEN_FDNAMES"));
    for (int i = 0; i < (int)n; i++) {
        struct str name = str_cut(&names, ':');
        sockets[i].fd = INHERIT_FIRST + i;
        str_copy(sockets[i].name, sizeof sockets[i].name, name.len ? name : STR("unknown"));
        if (fcntl(sockets[i].fd, F_SETFD, FD_CLOEXEC) < 0)
            return err_set(e, ERR_INVALID, "LISTEN_FDS=%s: descriptor %d is not open", fds, sockets[i].fd);
    }
    *ret_n = (size_t)n;
    return 0;
}

int inherit_take(struct inherit_socket *sockets, size_t max, size_t *ret_n, struct err *e)
{
    size_t n = 0;
    int err = take_fds(sockets, max, &n, e);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!err) *ret_n = n;
    return err;
}
