/* SPDX-License-Identifier: Apache-2.0
 *
 * A timer of the kernel's wall clock that never comes due: it is cancelled whenever that clock is set.
 */
#include "loop/wall.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NEVER_S (INT64_MAX / 1000000000) /* what the kernel's clock can count to */

struct wall {
    uv_poll_t poll;
    int fd;            /* owned */
    struct turn *turn; /* borrowed */
};

static void on_closed(uv_handle_t *handle) { free(handle->data); }

static void on_cancelled(uv_poll_t *poll, int status, int events)
{
    struct wall *w = poll->data;
    uint64_t times;
    (void)status;
    (void)events;
    if (read(w->fd, &times, sizeof times) < 0 && errno == ECANCELED) turn_wall_set(w->turn);
}

static int open_timer(struct err *e)
{
    const struct itimerspec never = {.it_value.tv_sec = NEVER_S};
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0) return fd;
    int sys = errno;
    if (fd >= 0) close(fd);
    return err_set_errno(e, loop_err(-sys), sys, "a timer of the wall clock");
}

int wall_open(struct wall **ret, struct loop *l, struct err *e)
{
    int fd = open_timer(e);
    if (fd < 0) return fd;
    struct wall *w = mem_new(sizeof *w);
    int status = uv_poll_init(loop_uv(l), &w->poll, fd);
    if (status < 0) {
        free(w);
        close(fd);
        return loop_err_set(e, status, "a timer of the wall clock");
    }
    w->poll.data = w;
    w->fd = fd;
    w->turn = loop_turn(l);
    uv_poll_start(&w->poll, UV_READABLE, on_cancelled); /* cannot fail: the handle is open */
    uv_unref((uv_handle_t *)&w->poll);
    *ret = w;
    return 0;
}

void wall_close(struct wall *w)
{
    if (w && loop_handle_close((uv_handle_t *)&w->poll, on_closed)) close(w->fd);
}
