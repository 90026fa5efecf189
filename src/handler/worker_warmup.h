/* SPDX-License-Identifier: Apache-2.0
 *
 * The warm-up of a process: the task that its pool gives it between its `ready` and its first real one, so that a first
 * task does not pay for what a model puts off until it is used. It is no attempt of a run: nobody hears of its result, and
 * what it prints or logs is, as before `ready`, the tail that explains a failed start. The worker stays `starting` meanwhile:
 *
 *   starting ──ready──▶ warming up ──done──▶ loaded
 *                           └── fail, ready_timeout, death ──▶ a failed start
 */
#ifndef HANDLER_WORKER_WARMUP_H
#define HANDLER_WORKER_WARMUP_H

#include "handler/worker.h"

void worker_warmup_ready(struct worker *w, const struct frame *f); /* it said ready: loaded now, or after its warm-up */
/* True: the frame is about the warm-up that is under way, and has been acted on. */
bool worker_warmup_read(struct worker *w, const struct frame *f);
void worker_warmup_end(struct worker *w); /* the process has done it or is dead; without one under way: no effect */

#endif
