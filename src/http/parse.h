/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole head becomes the fields of a request. The only place that knows which HTTP parser is used.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "http/framing.h"

/* `head`: as found by head_find, which counted its `lines`. Copied into r->arena; fills method, path, query, headers.
 */
int parse_head(struct http_request *r, struct str head, uint32_t lines, struct framing *ret_framing,
               struct err *e) MUST_USE;
const char *parse_reason(int status); /* "Not Found"; "" when it has no name */

#endif
