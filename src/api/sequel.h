/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows the ending of a task, as it is written: lists of submissions. `on_success` of a submit or a type is made when the
 * task completes, `on_failure` when it ends otherwise, `next` of a verdict when the task completes by it. One that says no
 * `input` gets the task that ended, as GET shows it; one that says no `subject`, its subject.
 */
#ifndef API_SEQUEL_H
#define API_SEQUEL_H

#include "api/api.h"

/* Who makes them: for server.sequel. */
struct sequel_maker sequel_maker(struct api *a);

/* Of a submit, each NULL when it says none and its type's are meant. Checks what it says, with pointers; *ret p NULL: nothing
 * follows. */
int sequel_of_submit(struct str *ret, const struct json *j, const struct json_node *on_success, const struct json_node *on_failure,
                     const struct json_node *notify, const struct config_type *type, struct server *s, struct arena *a, struct err *e) MUST_USE;

#endif
