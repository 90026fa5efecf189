/* SPDX-License-Identifier: Apache-2.0
 *
 * What the handlers of this floor pass on from a process to the run that owns the attempt: log, streamed output, progress, checkpoints. Nothing
 * here ends an attempt; verdicts are made in verdict.h.
 */
#ifndef HANDLER_ATTEMPT_H
#define HANDLER_ATTEMPT_H

#include "handler/capture.h"
#include "handler/frame.h"

/* A line of bide's own into the log of the attempt; the format has no line feed at its end. */
void attempt_note(struct attempt *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Captured bytes, made text; a is NULL when nobody is to be told: they are only kept in the tail. */
void attempt_captured(struct attempt *a, struct capture *c, struct str bytes);
void attempt_capture_ended(struct attempt *a, struct capture *c);
void attempt_log(struct attempt *a, const struct frame *f);      /* a log frame: "level: text" and a line feed */
void attempt_progress(struct attempt *a, const struct frame *f); /* a progress frame */
void attempt_output(struct attempt *a, int64_t n, struct str text); /* a piece, n < 0: the next; what is over LIMIT_OUTPUT is only noted in the log, once */
void attempt_save(struct attempt *a, const struct frame *f);     /* a save frame; one over LIMIT_SAVE is only noted in the log */

#endif
