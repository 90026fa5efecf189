/* SPDX-License-Identifier: Apache-2.0
 *
 * The attempt of a worker: given to the process, stopped, ended by what the process says or by its death. Exactly one
 * verdict leaves here for each attempt that was given, and after it nothing of the attempt is touched.
 */
#ifndef HANDLER_WORKER_SLOT_H
#define HANDLER_WORKER_SLOT_H

#include "handler/worker.h"

int worker_slot_ahead(const struct worker *w); /* as handler_ops.ahead, for this one */
/* Hands the attempt over. An error (ERR_AGAIN, ERR_TOO_BIG, ERR_IO) means that it did not. */
int worker_slot_give(struct worker *w, struct attempt *a, struct err *e) MUST_USE;
void worker_slot_stop(struct worker *w, const struct attempt *a, enum stop_reason why); /* the second time: no effect */
/* The open attempt that the frame is about; NULL: none, and it has been counted as dropped. */
struct attempt *worker_slot_of(struct worker *w, const struct frame *f);
void worker_slot_done(struct worker *w, const struct frame *f);
void worker_slot_failed(struct worker *w, const struct frame *f);
void worker_slot_cancelled(struct worker *w);
void worker_slot_died(struct worker *w, struct str how); /* in words: "the worker ended ...", or what it is at fault for */

#endif
