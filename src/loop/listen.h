/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening sockets, TCP and UNIX. Accepts by itself rather than through uv_listen, so that running out of descriptors
 * leaves the callers waiting in the backlog (libuv would accept and drop them) and does not spin.
 */
#ifndef LOOP_LISTEN_H
#define LOOP_LISTEN_H

#include "loop/stream.h"

#define LISTEN_BOUND 128 /* an address as text, and a NUL */
#define LISTEN_PEER 48   /* a peer's address as text, without its port, and a NUL */

struct listener;

struct listen_events {
    /* A new stream, taken: to be owned (stream_own) before it returns. `peer` is borrowed until it returns. */
    void (*on_accept)(void *owner, struct stream *s, const char *peer);
    void (*on_closed)(void *owner); /* the last call, after listen_close; the listener is freed after it */
};

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (resolved here and now), ":8080" (every address), port 0 = any free
 * one, "unix:PATH". `bound` receives the real address. The table is borrowed for the listener's life. */
int listen_open(struct listener **ret_listener, struct loop *l, const char *address, const struct listen_events *events,
                void *owner, char bound[LISTEN_BOUND], struct err *e) MUST_USE;
/* The same with a descriptor that listens already, taken when it succeeds: its UNIX socket's file stays. */
int listen_take(struct listener **ret_listener, struct loop *l, int fd, const char *name,
                const struct listen_events *events, void *owner, char bound[LISTEN_BOUND], struct err *e) MUST_USE;
void listen_close(struct listener *li); /* removes the UNIX socket's file; only on_closed follows. Again: nothing */

#endif
