/* SPDX-License-Identifier: Apache-2.0
 *
 * A submit's JSON as a task body: the fields as a table, each checked, each refusal with its pointer; what is not said
 * comes from the type's rules in the configuration.
 */
#ifndef API_SUBMISSION_H
#define API_SUBMISSION_H

#include "base/json.h"
#include "http/http.h"
#include "server/server.h"
#include "task/task.h"

/* Fills *ret; strs lie in the arena or in the text of `j`, which must stay as long. `node`: the object. On failure the
 * reason with its pointer in `e`. */
int submission_read(struct task_body *ret, const struct json *j, const struct json_node *node, struct server *s,
                    struct arena *a, struct err *e) MUST_USE;
/* The same of a request that may carry the run key: without it, or by the function above, a task of the type `command` is
 * refused. */
int submission_read_of(const struct http_request *r, struct task_body *ret, const struct json *j,
                       const struct json_node *node, struct server *s, struct arena *a, struct err *e) MUST_USE;
/* The same with the input of one that says none: JSON text within its limit, that stays as long; p NULL: {}; empty: it is not known
 * yet, and not looked at. */
int submission_read_with(const struct http_request *r, struct task_body *ret, struct str input, const struct json *j,
                         const struct json_node *node, struct server *s, struct arena *a, struct err *e) MUST_USE;

#endif
