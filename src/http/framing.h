/* SPDX-License-Identifier: Apache-2.0
 *
 * What a request's headers say about the message itself: where its body ends, whether the connection goes on.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include "http/http.h"

struct framing {
    bool http10;     /* HTTP/1.0, else 1.1 */
    bool keep_alive; /* the client expects another answer on this connection */
    bool has_body;
    bool chunked; /* else `length` bytes */
    bool expects_continue;
    uint64_t length;
};

/* Reads r->headers; how long a body may be depends on who takes it and is not asked here. `f` comes with http10 and keep_alive set. Refuses what RFC 9112 section 6.3 makes ambiguous. */
int framing_read(struct framing *f, const struct http_request *r, struct err *e) MUST_USE;

#endif
