/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows the ending of a task, as it is written: lists of submissions. `on_success` of a submit or a type is made when the
 * task completes, `on_failure` when it ends otherwise, `next` of a verdict when the task completes by it. One that says no
 * `input` gets the task that ended, as GET shows it; one that says no `subject`, its subject. So is the delivery of its `webhook`.
 */
#ifndef API_SEQUEL_H
#define API_SEQUEL_H

#include "api/api.h"

/* Who makes them: for server.sequel. */
struct sequel_maker sequel_maker(struct api *a);

struct sequel_said { /* of a submit; each NULL when it says none and its type's is meant */
    const struct json_node *on_success, *on_failure, *webhook, *notify;
};

/* Checks what it says, with pointers; *ret p NULL: nothing follows. */
int sequel_of_submit(struct str *ret, const struct json *j, const struct sequel_said *said, const struct config_type *type,
                     struct server *s, struct arena *a, struct err *e) MUST_USE;

#endif
