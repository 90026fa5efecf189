/* SPDX-License-Identifier: Apache-2.0
 *
 * Percent-encoding (RFC 3986 section 2.1) and the name=value pairs of a query.
 */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include "base/arena.h"
#include "base/err.h"

/* Decodes into the arena; ERR_INVALID on a bad escape, an encoded NUL or text that is not UTF-8. `plus`: '+' is a space. */
int query_decode(struct arena *a, struct str in, bool plus, struct str *ret_out) MUST_USE;

struct query_pair {
    struct str name, value; /* decoded, in the arena */
};
struct query {
    struct query_pair *pairs;
    size_t n;
};
/* At most 64 pairs. A name without '=' has an empty value. */
int query_parse(struct arena *a, struct str raw, struct query *ret_query, struct err *e) MUST_USE;
/* The first value of that name; p NULL when absent. */
struct str query_get(const struct query *q, const char *name);

#endif
