/* SPDX-License-Identifier: Apache-2.0
 *
 * A descriptor of somebody else's (a library's socket), looked at by the loop: it says when there is something to read, or
 * room to write. The descriptor is never read, written or closed here. A watch that waits for nothing does not keep the
 * loop running.
 */
#ifndef LOOP_WATCH_H
#define LOOP_WATCH_H

#include "base/err.h"
#include "loop/loop.h"

/* The owner's struct; stays put until watch_close. */
struct watch {
    void (*on_ready)(struct watch *w, bool readable, bool writable); /* both: something is wrong with it */
    struct watching *inside;                                         /* watch.c's; NULL: closed */
};

int watch_open(struct watch *w, struct loop *l, int fd, struct err *e) MUST_USE; /* waits for nothing yet */
void watch_for(struct watch *w, bool to_read, bool to_write);
/* Before the descriptor is closed. Legal at any time, in on_ready too; accepts a zeroed or closed one. */
void watch_close(struct watch *w);

#endif
