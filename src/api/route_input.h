/* SPDX-License-Identifier: Apache-2.0
 *
 * What the request of a configured route has, by schemas: the route's own checks and completes its body; what a form has as
 * texts becomes what the task's input takes, by that one or by the type's.
 */
#ifndef API_ROUTE_INPUT_H
#define API_ROUTE_INPUT_H

#include "api/api.h"

/* By the route's `input`. Answers a refusal itself, whose pointers lead into the body. */
int route_input_check(struct call *c) MUST_USE;
/* Of a form without an `input` of the route's: *input, which is the whole form or what `fields` made, has by now texts where
 * the type's schema takes something else. Unknown types are left to the submit. In the arena. Answers a refusal itself. */
int route_input_coerce(struct call *c, struct str *input) MUST_USE;

#endif
