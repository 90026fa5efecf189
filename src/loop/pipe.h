/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipes to and from processes. Real ones (pipe2), not socketpairs, so that a program may open /dev/fd/3 or
 * /dev/stderr. Readers and writers are their owner's structs; closing one is legal from any state, its own callback
 * included, and no callback comes afterwards.
 *
 *   reader: open ⇄ paused ──end of file, error──▶ closed (on_end)
 *   writer: open ──end──▶ ending ──all written──▶ closed          open, ending ──reader gone──▶ closed
 */
#ifndef LOOP_PIPE_H
#define LOOP_PIPE_H

#include "base/err.h"
#include "base/str.h"
#include "loop/loop.h"

/* A new pipe, both ends close-on-exec and blocking. ERR_AGAIN when descriptors ran out. */
int pipe_make(int *ret_read_fd, int *ret_write_fd, struct err *e) MUST_USE;

struct pipe_reader {
    void (*on_data)(struct pipe_reader *r, struct str bytes); /* borrowed for the call */
    void (*on_end)(struct pipe_reader *r);                    /* once, the reader is closed then; may be NULL */
    struct pipe_reading *inside;                              /* pipe.c's; NULL: closed */
    bool broken;                                              /* it ended by an error: what was in the pipe is lost */
};

/* Reads from fd as data comes. Takes fd when it succeeds. */
int pipe_reader_open(struct pipe_reader *r, struct loop *l, int fd, struct err *e) MUST_USE;
void pipe_reader_pause(struct pipe_reader *r, bool paused);
/* Delivers what is in the pipe at this moment, also when paused; what is written meanwhile is not waited for. Bytes that
 * another reader is delivering just now stay good. */
void pipe_reader_drain(struct pipe_reader *r);
void pipe_reader_close(struct pipe_reader *r); /* accepts a zeroed or closed reader */

struct pipe_writer {
    struct pipe_writing *inside; /* pipe.c's; NULL: closed */
};

/* Takes fd when it succeeds. At most `max` bytes wait at one time. */
int pipe_writer_open(struct pipe_writer *w, struct loop *l, int fd, size_t max, struct err *e) MUST_USE;
/* Writes or queues all of it, or nothing: ERR_TOO_BIG when more than `max` would wait, ERR_IO when closed or ending. */
int pipe_writer_send(struct pipe_writer *w, struct str bytes) MUST_USE;
void pipe_writer_end(struct pipe_writer *w); /* closes when what is queued has been written */
void pipe_writer_close(
    struct pipe_writer *w); /* at once; what is queued is dropped; accepts a zeroed or closed writer */

#endif
