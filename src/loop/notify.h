/* SPDX-License-Identifier: Apache-2.0
 *
 * What the service manager is told (the protocol of sd_notify(3), without its library): datagrams of NAME=VALUE lines
 * to the socket that NOTIFY_SOCKET names. Where there is no such socket everything here does nothing.
 *
 *   opening ──ready──▶ READY=1 ⇄ RELOADING=1      any ──stopping──▶ STOPPING=1
 *
 * The watchdog's WATCHDOG=1 goes out at half of WATCHDOG_USEC from a timer of the turn: it says that the thread that
 * decides comes round, and stops when that thread is stuck, whatever other threads do.
 *
 * It must never wait for the manager. What its queue does not take is said again later, then as things stand.
 */
#ifndef LOOP_NOTIFY_H
#define LOOP_NOTIFY_H

#include "base/err.h"
#include "base/turn.h"
#include <sys/socket.h>
#include <sys/un.h>

#define NOTIFY_STATUS 256 /* a status line and a NUL; longer ones are cut */

struct notify {        /* the owner's; zeroed: nobody is told */
    struct turn *turn; /* borrowed */
    int fd;            /* owned, when address_len is not 0 */
    struct sockaddr_un address;
    socklen_t address_len;
    int64_t watchdog_ms; /* between two WATCHDOG=1; 0: none is wanted */
    struct timer watchdog, again;
    char state[64], status[NOTIFY_STATUS]; /* state: READY=1 and the like */
    bool state_unsaid, status_unsaid, watchdog_unsaid;
};

/* Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment, so that no child of ours speaks for us:
 * call it before there are threads or children. ERR_INVALID when they make no sense: nobody is told anything then. */
int notify_open(struct notify *n, struct turn *t, struct err *e) MUST_USE;
void notify_release(struct notify *n); /* accepts a zeroed one */

void notify_ready(struct notify *n); /* serving, or done with reloading */
void notify_reloading(struct notify *n);
void notify_stopping(struct notify *n);
/* One line for people. Saying the same again says nothing. */
void notify_status(struct notify *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
