/* SPDX-License-Identifier: Apache-2.0
 *
 * What the process of a worker says: frames on fd 4, and its captured stdout and stderr, which are the log of the
 * attempt it has, or, when it has none, the tail that explains a failed start.
 */
#ifndef HANDLER_WORKER_READ_H
#define HANDLER_WORKER_READ_H

#include "handler/worker.h"

void worker_read(struct worker *w, enum child_stream from, struct str bytes);
void worker_read_hung_up(struct worker *w); /* no frame can come any more: a process that does not end by itself is killed */
void worker_read_end(struct worker *w);   /* nothing more will come from this process */
void worker_read_reset(struct worker *w); /* another process begins */

#endif
