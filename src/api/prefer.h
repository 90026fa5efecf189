/* SPDX-License-Identifier: Apache-2.0
 *
 * The Prefer header (RFC 7240): what a client would like, and nothing it can insist on.
 */
#ifndef API_PREFER_H
#define API_PREFER_H

#include "http/http.h"

/* The value of the first preference of that name (case-insensitive) in all Prefer headers: without its quotes and
 * parameters, empty when it has none; p NULL when absent. Points into the header. */
struct str prefer_find(const struct http_request *r, const char *name);

#endif
