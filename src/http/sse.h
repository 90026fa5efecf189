/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events (text/event-stream, the HTML standard, section 9.2.6) out of bytes that come in pieces cut anywhere.
 * Of an event only its data is told; `event`, `id`, `retry` and comments are read over. Pure.
 *
 *   line ──field: value──▶ line ──blank line──▶ on_data, when there was any `data`
 */
#ifndef HTTP_SSE_H
#define HTTP_SSE_H

#include "base/buf.h"

struct sse {
    /* An event's data, its lines joined by line feeds; borrowed for the call. False: no more is wanted. */
    bool (*on_data)(struct sse *s, struct str data);
    struct buf line, data;  /* at most LIMIT_SSE_EVENT each */
    bool has_data, begun;   /* begun: past the place of a byte order mark */
    bool after_cr, stopped; /* a line feed now belongs to the carriage return before it; on_data said so */
};

void sse_init(struct sse *s, bool (*on_data)(struct sse *s, struct str data));
void sse_release(struct sse *s);
/* ERR_TOO_BIG: a line or an event is longer than LIMIT_SSE_EVENT; nothing comes of it any more. */
int sse_add(struct sse *s, struct str bytes) MUST_USE;

#endif
