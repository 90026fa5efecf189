/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a client of a configured route said what is wrong: a refusal points into the submit that was made of its request,
 * and the client wants to know which member of its own body that was.
 */
#ifndef API_ROUTE_POINT_H
#define API_ROUTE_POINT_H

#include "api/api.h"

/* e->pointer becomes one into the body (or a name of query, path, form); one that came from nowhere there stays. */
void route_point(const struct call *c, struct err *e);

#endif
