/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications through a route: `notifications`, and how a route shows one: with its status in the application's words, its
 * number as id where the route says so, and `is_read`, 0 or 1, beside `read`.
 */
#ifndef API_ROUTE_NOTICES_H
#define API_ROUTE_NOTICES_H

#include "api/api.h"
#include "task/notice.h"

void route_notices(struct call *c);
/* The same of what the API shows. */
void route_notices_show(const struct call *c, struct buf *b, struct str json);
void route_notices_write(const struct call *c, struct buf *b, const struct notice *n);

#endif
