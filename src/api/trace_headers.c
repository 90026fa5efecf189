/* SPDX-License-Identifier: Apache-2.0
 *
 * Two traceparents are none; several tracestates are one list (section 3.3.1).
 */
#include "api/trace_headers.h"

#include "base/buf.h"
#include "base/limits.h"
#include "task/trace.h"

struct str trace_headers_read(struct http_request *r)
{
    struct str parent = STR_NONE, trace;
    struct buf state;
    buf_init(&state, LIMIT_HTTP_HEADER + LIMIT_HTTP_HEADERS);
    for (size_t i = 0; i < r->n_headers; i++) {
        const struct http_header *h = &r->headers[i];
        if (str_eq_nocase(h->name, STR("traceparent"))) parent = parent.p ? STR("twice") : h->value;
        if (!str_eq_nocase(h->name, STR("tracestate")) || !h->value.len) continue;
        if (state.len) buf_add_char(&state, ',');
        buf_add_str(&state, h->value);
    }
    trace = parent.p ? trace_read(parent, buf_str(&state), &r->arena) : STR_NONE;
    buf_release(&state);
    return trace;
}
