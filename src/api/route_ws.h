/* SPDX-License-Identifier: Apache-2.0
 *
 * The verb ws: a WebSocket on which an application's clients are told what happens to tasks without asking for it: the task, as
 * `reply` makes it, at each change.
 *
 *   of one task: asking ──it is there──▶ 101: told, from how it stands to its end ──▶ closed, 1000
 *                   └── 404, 503
 *   of a filter: 101: told, from now on ──too slow, events are missing──▶ closed, 1013: it reads again how things stand
 */
#ifndef API_ROUTE_WS_H
#define API_ROUTE_WS_H

#include "api/api.h"

void route_ws(struct call *c); /* answers the call */

#endif
