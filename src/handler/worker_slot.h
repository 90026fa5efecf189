/* SPDX-License-Identifier: Apache-2.0
 *
 * The attempts that a process has: handed over, stopped, ended by what the process says or by its death. Exactly one
 * verdict leaves here for each attempt that was given, and after it nothing of the attempt is touched.
 *
 * A process works on one batch at a time, all of it given by one frame; one that said a concurrency above 1 is given
 * more while others are open. Each attempt has its own verdict and its own stop; the process is ended, by one ladder,
 * when the first of those that were stopped runs out of grace: what else it had goes back to its queue. One that dies by
 * itself with several open takes nothing from any of them but says so (verdict.shared), since nobody knows which it was.
 */
#ifndef HANDLER_WORKER_SLOT_H
#define HANDLER_WORKER_SLOT_H

#include "handler/worker.h"

/* Beside an attempt that is open; the attempt's `inside`. */
struct worker_slot {
    struct worker *worker;
    bool fence_needed;       /* the process was given this task before */
    bool refused;            /* a frame without a fence has been noted in its log */
    bool sharing;            /* that its log has what the process prints about others has been noted in it */
    bool stopping;
    enum stop_reason why;    /* of stopping */
    int64_t given_at_ms;     /* mono */
    int64_t heard_at_ms;     /* mono: the last frame about it */
    int64_t term_at_ms, kill_at_ms; /* mono; of stopping: when the process is ended for it */
};

int worker_slot_room(const struct worker *w);  /* attempts it would take now */
int worker_slot_ahead(const struct worker *w); /* batches that may be claimed before it has room for them */
bool worker_slot_stopping(const struct worker *w); /* one of its attempts has been stopped */
/* Hands n attempts over, in one frame: 1 <= n <= what it has room for and its max_batch. An error (ERR_AGAIN, ERR_AWAY: it has
 * ended or reads no more, ERR_TOO_BIG, ERR_IO) means that it did not. */
int worker_slot_give(struct worker *w, struct attempt *const *a, size_t n, struct err *e) MUST_USE;
/* The sending alone, of attempts that are none of its open ones (worker_warmup.h). */
int worker_slot_hand_over(struct worker *w, struct attempt *const *a, size_t n, struct err *e) MUST_USE;
void worker_slot_stop(struct attempt *a, enum stop_reason why); /* the second time: no effect */
/* The open attempt that the frame is about; NULL: none, and it has been counted as dropped. */
struct attempt *worker_slot_of(struct worker *w, const struct frame *f);
void worker_slot_done(struct attempt *a, const struct frame *f);
void worker_slot_failed(struct attempt *a, const struct frame *f);
void worker_slot_cancelled(struct attempt *a);
void worker_slot_died(struct worker *w, struct str how); /* in words: "the worker ended ...", or what it is at fault for */
/* What the process printed, as text, is the log of all it has. */
void worker_slot_log(struct worker *w, struct str text);

#endif
