/* SPDX-License-Identifier: Apache-2.0
 *
 * A connected byte stream (TCP or UNIX socket) on the loop, in words that need no libuv.
 *
 * Writing: stream_try_write gives the kernel what it takes at once; what is left is queued with stream_queue, and
 * while anything is queued the owner must not make more (back-pressure): on_drained says when to go on. A write is
 * complete for us when the kernel has it.
 * Everything that can come back comes through the owner's table of events, from the loop, never from inside a call.
 */
#ifndef LOOP_STREAM_H
#define LOOP_STREAM_H

#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"

struct stream;

struct stream_events {
    void (*on_read)(void *owner, struct str bytes); /* at least one byte; borrowed until it returns */
    void (*on_end)(void *owner, int err);           /* no more to read: 0 the peer ended its side, ERR_* it broke */
    void (*on_drained)(void *owner, int err);       /* all that was queued is out, or the stream broke (ERR_*) */
    void (*on_closed)(void *owner); /* the last call, after stream_close; the stream is freed after it */
};

/* Takes the descriptor (non-blocking, close-on-exec), also when it fails. */
int stream_open(struct stream **ret_stream, struct loop *l, int fd, bool is_unix, struct err *e) MUST_USE;
/* Must be called before anything is read, queued or closed. The table is borrowed for the stream's life. */
void stream_own(struct stream *s, const struct stream_events *events, void *owner);
void stream_read_start(struct stream *s); /* nothing when it reads already, or has ended */
void stream_read_stop(struct stream *s);
/* How many bytes the kernel took, 0 when it takes none now or something is queued; ERR_* when the stream is broken. */
int64_t stream_try_write(struct stream *s, const struct str *parts, size_t n_parts) MUST_USE;
/* Queues `own` (taken: freed with free() once out; from byte `from` on) and then `kept` (borrowed until on_drained or
 * on_closed). Either may be empty. */
int stream_queue(struct stream *s, struct str own, size_t from, struct str kept) MUST_USE;
size_t stream_queued(const struct stream *s); /* bytes the kernel has not taken yet */
size_t stream_unseen(const struct stream *s); /* bytes the peer has not taken yet: those, and what the kernel holds */
void stream_end(struct stream *s);            /* ends our side (FIN); nothing may be queued. Reading goes on */
void stream_reset(struct stream *s);          /* a stream_close to come is a reset for a TCP peer, not an end */
void stream_close(struct stream *s);          /* drops what is queued; only on_closed follows. Again: nothing */

#endif
