/* SPDX-License-Identifier: Apache-2.0
 *
 * How an attempt ended, in the words of a verdict: from a frame, from the death of a process, from having been
 * stopped. Shared by `worker` and `exec`. Everything in a verdict made here lives in the arena (or in the frame it was
 * made from), is valid UTF-8 and within LIMIT_MESSAGE, LIMIT_DETAIL and LIMIT_NAME.
 */
#ifndef HANDLER_VERDICT_H
#define HANDLER_VERDICT_H

#include "handler/frame.h"

/* FAILED with a code of the table and its retryable bit; the message as formatted. */
void verdict_failed(struct verdict *v, struct arena *arena, enum failure_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* What being stopped for this reason comes to: STOPPED, TIMEOUT or RELEASED. */
void verdict_stopped(struct verdict *v, struct arena *arena, const struct attempt *a, enum stop_reason why);
/* A `done` frame: DONE with the checked result and files (a file that is none is left out and noted in the log), or
 * FAILED bad_result or output_too_large, or a shortage. The result file itself is not among the files unless named. */
void verdict_done(struct verdict *v, struct arena *arena, struct attempt *a, const struct frame *f);
/* A `fail` frame: FAILED. A code that is not in the table is kept and is retryable as worker_error is. */
void verdict_fail(struct verdict *v, struct arena *arena, const struct frame *f);
/* The machine is out of something, which is no fault of the task: UNSTARTED when its program never ran, else RELEASED. */
void verdict_shortage(struct verdict *v, struct arena *arena, bool ran, struct str what);
bool verdict_is_shortage(const struct child_exit *how); /* it did not start for such a reason */
/* Sets the files of a DONE: names, as a JSON array. */
void verdict_files(struct verdict *v, struct arena *arena, const struct str *names, size_t n);
void verdict_detail(struct verdict *v, struct arena *arena, struct str detail); /* the end of it, within the limit */
/* "the worker ended with exit status 3", "the worker was ended by signal 11 (Segmentation fault)", "cannot run
 * ./speech: No such file or directory", "cannot run ./speech: its working directory: ..."; `who` is "the worker", `program` argv[0]. */
struct str verdict_death(struct arena *arena, const char *who, const char *program, const struct child_exit *how);

#endif
