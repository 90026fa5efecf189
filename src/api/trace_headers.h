/* SPDX-License-Identifier: Apache-2.0
 *
 * The trace a request belongs to (W3C Trace Context), for the tasks that it submits.
 */
#ifndef API_TRACE_HEADERS_H
#define API_TRACE_HEADERS_H

#include "http/http.h"

struct str trace_headers_read(struct http_request *r); /* as task/trace.h stores it, in the request's arena; p NULL: none */

#endif
