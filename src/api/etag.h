/* SPDX-License-Identifier: Apache-2.0
 *
 * ETags are strong: a hash of the very bytes of the answer (RFC 9110 section 8.8.3).
 */
#ifndef API_ETAG_H
#define API_ETAG_H

#include "http/http.h"

#define ETAG_TEXT 24

void etag_of(struct str body, char etag[ETAG_TEXT]);
/* Does the request's If-None-Match name it? Compared weakly (RFC 9110 section 13.1.2). */
bool etag_is_known(const struct http_request *r, const char *etag);
/* Does its If-Match name it, or is there none? Compared strongly (RFC 9110 section 13.1.1). */
bool etag_is_wanted(const struct http_request *r, const char *etag);

#endif
