/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of an answer as bytes.
 */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "base/buf.h"
#include "http/http.h"

struct reply_stamp { /* the lines that are the same in all answers of one second: Date, Server */
    int64_t second;  /* wall; the one in `text` */
    size_t len;
    char text[160];
};

enum reply_connection { REPLY_KEEP, REPLY_KEEP_SAID, REPLY_CLOSE }; /* KEEP_SAID: HTTP/1.0 must be told */

void reply_stamp_set(struct reply_stamp *s, int64_t wall_ms, const char *server_name);
/* How the end of the body is known: by its length in bytes, or one of these. */
#define REPLY_CHUNKED (-1)
#define REPLY_TO_CLOSE (-2)
void reply_head(struct buf *out, const struct reply_stamp *stamp, const struct http_reply *reply, int64_t length,
                const struct http_request *to, enum reply_connection connection);
bool reply_has_body(const struct http_reply *reply); /* 204 and 304 never have one (RFC 9110 section 6.4.1) */

#endif
