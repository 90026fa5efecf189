/* SPDX-License-Identifier: Apache-2.0
 *
 * `callback` of a configured route: who submits by it says where its application is to be told of the ending, and is told in that
 * application's own words. What is to be told is written down with the task as the route says it at that moment; made, it is a
 * delivery as that of a webhook.
 */
#ifndef API_ROUTE_CALLBACK_H
#define API_ROUTE_CALLBACK_H

#include "api/api.h"

/* Adds it to what follows the task; nothing when the request names no URL. Answers a refusal itself. */
int route_callback_add(struct call *c, struct str *sequel) MUST_USE;
/* The delivery of this ending by what was written there, the value of the member `callback`. ERR_*: it cannot be made. */
int route_callback_make(struct api *api, const struct task *t, const struct json *j, const struct json_node *said, struct arena *a,
                        struct task_body *ret, struct err *e) MUST_USE;

#endif
