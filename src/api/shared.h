/* SPDX-License-Identifier: Apache-2.0
 *
 * /v1/shared/CAPABILITY and what is below it: one task for whoever has its address (capability.h). What is read there is what the
 * API shows below /v1/tasks/{id}, without the input, the log and the delivery, which an
 * application keeps to itself. No origin is kept out: it is the address that opens, and no browser adds anything of its own to it.
 *
 *   GET, HEAD, OPTIONS /v1/shared/{capability}, /result, /events, /output, /files/{name}, /files.zip
 */
#ifndef API_SHARED_H
#define API_SHARED_H

#include "api/api.h"

bool shared_is(struct str path);
/* Its path, with the capability as the id: for the routes of tasks. The call is one of somebody who was given an address from here on. */
struct str shared_path(struct call *c);
bool shared_has(const struct route *r); /* may it be read there? */
/* Of a call to such a route: params[0] is the task's id then. False: answered already. */
bool shared_open(struct call *c) MUST_USE;
void shared_refuse(struct call *c); /* there is no such route */

#endif
