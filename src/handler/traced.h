/* SPDX-License-Identifier: Apache-2.0
 *
 * How an attempt's work is told the trace it belongs to (task/trace.h): members of a frame, environment, headers. A task
 * that was submitted without one has none, and nothing is told.
 */
#ifndef HANDLER_TRACED_H
#define HANDLER_TRACED_H

#include "handler/handler.h"
#include "task/trace.h"

bool traced_parent(const struct attempt *a, char to[TRACE_PARENT]); /* false: it has none */
struct str traced_state(const struct attempt *a);                   /* empty: none */
void traced_write(struct buf *b, const struct attempt *a);          /* members traceparent and tracestate */

/* Lists of NAME=VALUE that end with NULL: `env`, which may be NULL itself, and TRACEPARENT and TRACESTATE unless it has them; the
 * same and `more`. In the arena, or `env` as it is. */
const char *const *traced_env(const char *const *env, const struct attempt *a, struct arena *arena);
const char *const *traced_env_with(const char *const *env, const char *const *more, struct arena *arena);

#endif
