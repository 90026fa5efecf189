/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as problem+json (RFC 9457): type, title, status, code, detail, request_id, errors[{pointer, detail}].
 * Status, code word and title come from err.def; nothing else in the server writes an error body.
 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "base/buf.h"
#include "http/http.h"

/* Answers with the problem that `e` describes. Adds Retry-After: `retry_after_s` when > 0 (RFC 9110 section 10.2.3). */
void problem_reply(struct http_request *r, const struct err *e, int retry_after_s);
/* The same with extra headers (Allow, ...) and a JSON object of extra members ("" or "{...}") merged in. */
void problem_reply_with(struct http_request *r, const struct err *e, int retry_after_s, const struct http_header *headers,
                        size_t n_headers, struct str extra);
/* Only the body, for the layer's own refusals and for batch items. */
void problem_write(struct buf *b, const struct err *e, const char *request_id, struct str extra);

#endif
