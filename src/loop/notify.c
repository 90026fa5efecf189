/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to be said is kept as state, not as a queue of messages: a full socket makes the next datagram larger, and
 * never makes one stale.
 */
#include "loop/notify.h"
#include "base/buf.h"
#include "base/text.h"
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_MS 100 /* the manager's queue was full */
#define MESSAGE 512

/* ---- saying ---- */

static void tell(struct notify *n);

static void on_again(struct timer *t) { tell(CONTAINER_OF(t, struct notify, again)); }

static void tell(struct notify *n)
{
    if (!n->address_len) return;
    char text[MESSAGE];
    int len = snprintf(text, sizeof text, "%s%s%s%s%s%s", n->state_unsaid ? n->state : "", n->state_unsaid ? "\n" : "",
                       n->status_unsaid ? "STATUS=" : "", n->status_unsaid ? n->status : "",
                       n->status_unsaid ? "\n" : "", n->watchdog_unsaid ? "WATCHDOG=1\n" : "");
    if (len == 0) return;
    ssize_t sent = sendto(n->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&n->address,
                          n->address_len);
    if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)) {
        turn_timer(n->turn, &n->again, AGAIN_MS, on_again);
        return;
    }
    turn_timer_stop(n->turn, &n->again); /* any other failure: nobody is there to hear it */
    n->state_unsaid = n->status_unsaid = n->watchdog_unsaid = false;
}

static void tell_state(struct notify *n, const char *state)
{
    str_copy(n->state, sizeof n->state, str_of(state));
    n->state_unsaid = true;
    tell(n);
}

void notify_ready(struct notify *n) { tell_state(n, "READY=1"); }

void notify_stopping(struct notify *n) { tell_state(n, "STOPPING=1"); }

/* The manager compares the time with its own of asking, in microseconds: the turn's milliseconds would lie before it.
 */
void notify_reloading(struct notify *n)
{
    struct timespec now;
    char state[sizeof n->state];
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    tell_state(n, state);
}

void notify_status(struct notify *n, const char *format, ...)
{
    char status[NOTIFY_STATUS];
    va_list args;
    va_start(args, format);
    vsnprintf(status, sizeof status, format, args);
    va_end(args);
    for (char *p = status; *p; p++)
        if (*p == '\n') *p = ' '; /* the next line would be another variable */
    if (strcmp(status, n->status) == 0) return;
    str_copy(n->status, sizeof n->status, str_of(status));
    n->status_unsaid = true;
    tell(n);
}

static void on_watchdog(struct timer *t)
{
    struct notify *n = CONTAINER_OF(t, struct notify, watchdog);
    n->watchdog_unsaid = true;
    turn_timer(n->turn, &n->watchdog, n->watchdog_ms, on_watchdog);
    tell(n);
}

/* ---- opening ---- */

/* "/path", or "@name" in the abstract namespace, where a NUL takes the place of the '@'. */
static int read_address(struct notify *n, const char *text, struct err *e)
{
    size_t len = strlen(text), room = sizeof n->address.sun_path - (text[0] == '/');
    if ((text[0] != '/' && text[0] != '@') || len < 2 || len > room)
        return err_set(e, ERR_INVALID, "NOTIFY_SOCKET=%s: wanted /PATH or @NAME of a UNIX socket", text);
    n->address.sun_family = AF_UNIX;
    memcpy(n->address.sun_path, text, len);
    if (text[0] == '@') n->address.sun_path[0] = '\0';
    n->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return 0;
}

static int read_watchdog(struct notify *n, const char *usec, const char *pid, struct err *e)
{
    int64_t whose = getpid(), us = 0;
    if (pid && text_int(&whose, str_of(pid)) != 0) return err_set(e, ERR_INVALID, "WATCHDOG_PID=%s: not a number", pid);
    if (!usec || whose != getpid()) return 0;
    if (text_int(&us, str_of(usec)) != 0 || us <= 0)
        return err_set(e, ERR_INVALID, "WATCHDOG_USEC=%s: not a number above 0", usec);
    n->watchdog_ms = us < 4000 ? 1 : us / 2000;
    return 0;
}

static int open_all(struct notify *n, const char *address, struct err *e)
{
    int err = read_address(n, address, e);
    if (!err) err = read_watchdog(n, getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), e);
    if (err) return err;
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return n->fd < 0 ? err_set_errno(e, ERR_IO, errno, "NOTIFY_SOCKET") : 0;
}

int notify_open(struct notify *n, struct turn *t, struct err *e)
{
    *n = (struct notify){.turn = t};
    const char *address = getenv("NOTIFY_SOCKET");
    int err = address ? open_all(n, address, e) : 0;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    if (err) *n = (struct notify){.turn = t};
    if (n->watchdog_ms) turn_timer(t, &n->watchdog, n->watchdog_ms, on_watchdog);
    return err;
}

void notify_release(struct notify *n)
{
    if (!n->address_len) return;
    turn_timer_stop(n->turn, &n->watchdog);
    turn_timer_stop(n->turn, &n->again);
    close(n->fd);
    n->address_len = 0;
}
