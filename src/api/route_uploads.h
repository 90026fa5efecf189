/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that a form of a configured route brought, and that no task came to have: removed at once, beside the answer. What
 * a server that stops there leaves goes with the files that nobody refers to.
 */
#ifndef API_ROUTE_UPLOADS_H
#define API_ROUTE_UPLOADS_H

#include "api/api.h"

/* Nothing was submitted: all of them. For every call; most have none. */
void route_uploads_drop(struct call *c);
/* A task was, which refers to these: the others, unless the route keeps them for ever. */
void route_uploads_keep(struct call *c, const struct id *files, size_t n);

#endif
