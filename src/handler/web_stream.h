/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer that is a stream of events: the text in each goes on as a piece of the attempt's output, and all of it together
 * is the result. It ends with the event that says so (`[DONE]`); one that ends without it has broken off.
 */
#ifndef HANDLER_WEB_STREAM_H
#define HANDLER_WEB_STREAM_H

#include "base/sse.h"
#include "handler/web.h"

struct web_stream {
    const struct web_stream_conf *conf; /* borrowed */
    struct attempt *attempt;            /* borrowed */
    struct sse sse;
    struct buf text;                    /* the pieces together, at most LIMIT_RESULT */
    bool used;                          /* the answer is one */
    bool ended, failed, too_large;
    char why[256];                      /* failed: in words */
};

void web_stream_init(struct web_stream *s, const struct web_stream_conf *conf, struct attempt *a);
void web_stream_release(struct web_stream *s);
void web_stream_add(struct web_stream *s, struct str bytes);
void web_stream_close(struct web_stream *s); /* the answer is at its end */
static inline bool web_stream_is_over(const struct web_stream *s) { return s->ended || s->failed || s->too_large; }

#endif
