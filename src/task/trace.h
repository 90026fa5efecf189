/* SPDX-License-Identifier: Apache-2.0
 *
 * Trace context (W3C Trace Context, level 1): which trace of the caller's a task belongs to. It is taken as it was sent with
 * the submit and handed on by each attempt, which is a span of its own: the same trace id, and a span id made from its
 * fence, so that all who hear of one attempt hear the same and nobody learns the fence from it.
 *
 *     stored: "00-<trace id>-<span id of the caller>-<flags>", and behind a line feed what tracestate said, if anything
 */
#ifndef TASK_TRACE_H
#define TASK_TRACE_H

#include "base/arena.h"

#define TRACE_PARENT 56 /* a traceparent and its NUL */

/* What is stored, in the arena; p NULL: no trace, as it must be when traceparent is not what section 3.2 says. A tracestate that
 * could not be handed on whole is left out (section 3.3.1.5). */
struct str trace_read(struct str traceparent, struct str tracestate, struct arena *a);

/* Of what is stored, for an attempt. */
void trace_parent(struct str trace, uint64_t fence, char to[TRACE_PARENT]);
struct str trace_state(struct str trace); /* empty: none */

#endif
