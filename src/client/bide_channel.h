/* SPDX-License-Identifier: Apache-2.0
 *
 * The two descriptors between a worker and bide, as lines. Private to libbide. A line that was seen stays in front
 * until it is dropped, so that a frame which cannot be handled yet (the next `run`, while one is running) simply waits.
 *
 * One thread reads. Any may write: a frame is built in memory of its own and leaves as one whole line.
 */
#ifndef CLIENT_BIDE_CHANNEL_H
#define CLIENT_BIDE_CHANNEL_H

#include "base/buf.h"
#include "bide.h"

#include <pthread.h>

struct bide_channel {
    int in, out;             /* borrowed descriptors */
    size_t line_max;         /* a longer one is not believed */
    bool eof;                /* nothing more will come */
    struct buf received;     /* read and not dropped */
    size_t scanned;          /* bytes of it known to have no line feed */
    struct buf frame;        /* the frame being made by the thread that reads */
    struct bide_error error; /* why reading, or what was read, broke it; code "" while it has not */
    pthread_mutex_t out_lock;    /* over what follows, and over each write */
    struct bide_error out_error; /* why writing broke it */
    int out_broke;           /* eventfd, readable when it has, for the thread that reads; -1: it is not told */
};

/* Takes the descriptors from the environment (BIDE_IN, BIDE_OUT; 3 and 4) and marks them close-on-exec. A line may hold
 * `max_batch` inputs of LIMIT_FRAME_PAYLOAD. */
int bide_channel_open(struct bide_channel *c, int max_batch);
void bide_channel_open_fds(struct bide_channel *c, int in, int out, int max_batch); /* the same with these */
void bide_channel_release(struct bide_channel *c); /* accepts a zeroed one; leaves the descriptors open */

/* The line in front, without its line feed, borrowed until the next call. 1; 0 when there is none within `wait_ms`
 * (-1: for ever) or no more will come (c->eof); -1 when the channel is broken (c->error). */
int bide_channel_line(struct bide_channel *c, int wait_ms, struct str *ret_line);
void bide_channel_drop(struct bide_channel *c); /* the line in front */

/* An empty frame with its `op`, to be filled; then send closes it and writes it. -1: it did not. Of the thread that reads. */
struct buf *bide_channel_frame(struct bide_channel *c, const char *op);
int bide_channel_send(struct bide_channel *c);
/* The same for every thread, each with a buffer of its own; `ret_error` says why it did not. */
void bide_channel_begin(struct buf *frame, const char *op);
int bide_channel_write(struct bide_channel *c, struct buf *frame, struct bide_error *ret_error);

/* From now on a failed write wakes the thread that reads: bide_channel_line then returns -1. -1: c->error. */
int bide_channel_watch(struct bide_channel *c);
/* Why it broke, reading before writing; code "": it did not. When no other thread has it any more. */
const struct bide_error *bide_channel_why(const struct bide_channel *c);

#endif
