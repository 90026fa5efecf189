/* SPDX-License-Identifier: Apache-2.0
 *
 * "GET /api/task/{task_id}": the address of a configured route. Between two slashes there is either a text, compared as it
 * is, or a name in braces, which takes whatever is there but not nothing.
 */
#ifndef TASK_ROUTE_PATH_H
#define TASK_ROUTE_PATH_H

#include "base/err.h"
#include "base/str.h"

#define ROUTE_PATH_PARAMS 8

struct route_path {
    struct str method, path; /* parts of the text it was read from */
    struct str names[ROUTE_PATH_PARAMS];
    size_t n; /* of the names */
};

/* ERR_INVALID with what is wrong with it. */
int route_path_read(struct route_path *ret, struct str text, struct err *e) MUST_USE;
/* Does the raw path of a request fit? `values`: what the names take, undecoded. */
bool route_path_fits(const struct route_path *r, struct str path, struct str values[ROUTE_PATH_PARAMS]);
/* Where both fit, the one that is less goes first: it has a text where the other has a name. 0: they fit the same paths. */
int route_path_cmp(const struct route_path *a, const struct route_path *b);

#endif
