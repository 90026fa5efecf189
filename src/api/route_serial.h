/* SPDX-License-Identifier: Apache-2.0
 *
 * `serial: true`: the ids of a route's tasks are whole numbers. A number is the first part of the task's own id (id_serial), so
 * nothing is kept of it; the task is the one whose id begins so.
 */
#ifndef API_ROUTE_SERIAL_H
#define API_ROUTE_SERIAL_H

#include "api/api.h"

/* c->params[0] is a number (or an id): becomes the id of its task, then api_handle. Answers 404 when there is none. */
void route_serial(struct call *c, const char *method, const char *pattern);
/* The same, then handle_it. */
void route_serial_to(struct call *c, void (*handle_it)(struct call *c));

#endif
