/* SPDX-License-Identifier: Apache-2.0
 *
 * ETags are strong: a hash of the very bytes of the answer (RFC 9110 section 8.8.3). That of a task has two parts when it
 * shows a place: the one in front of the dash is of all the rest, so that If-Match asks for the task as it was seen, wherever
 * the line in front of it has moved meanwhile.
 */
#ifndef API_ETAG_H
#define API_ETAG_H

#include "http/http.h"

#define ETAG_TEXT 48

void etag_of(struct str body, char etag[ETAG_TEXT]);
/* The same of a body whose place lies from `from` to `to`; `placed`: it says one. */
void etag_of_placed(struct str body, size_t from, size_t to, bool placed, char etag[ETAG_TEXT]);
/* Does the request's If-None-Match name it? Compared weakly (RFC 9110 section 13.1.2). */
bool etag_is_known(const struct http_request *r, const char *etag);
/* Does its If-Match name it, or is there none? Compared strongly (RFC 9110 section 13.1.1), places left
 * out.  */
bool etag_is_wanted(const struct http_request *r, const char *etag);

#endif
