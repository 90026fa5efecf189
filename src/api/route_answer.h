/* SPDX-License-Identifier: Apache-2.0
 *
 * What the API's own handlers answer to a call that came by a configured route, in the shape of that route: the task (or
 * list, counts, health) through `reply`, a refusal through `errors`. Used by call.c, wait.c, and by what has more to tell
 * than one object.
 */
#ifndef API_ROUTE_ANSWER_H
#define API_ROUTE_ANSWER_H

#include "api/call.h"
#include "task/mapping.h"

/* `b` is taken: the object as the API shows it. */
void route_answer(struct call *c, int status, struct buf *b, const struct http_header *headers, size_t n_headers);
/* Through `reply`, over these roots; `otherwise` is the template of a route that has none. */
void route_answer_roots(struct call *c, int status, const struct mapping_root *roots, size_t n, const char *otherwise,
                        const struct http_header *headers, size_t n_headers);
/* False: the route says nothing of refusals, and the API's own is what it gets. */
bool route_answer_problem(struct call *c, const struct err *e, const struct http_header *headers, size_t n_headers,
                          struct str extra);
/* Appends a task as the API shows it with the application's word for its status, and what applications like to know
 * besides: duration_seconds, queued_seconds, retry_count, percent. *ret_state: its status, bide's word. */
/* The task as a route shows it: its status in these words (by depth_word), and what else routes can say of it. */
int route_answer_show(const struct str *words, bool serial, struct buf *out, struct str task, const char **ret_state) MUST_USE;
int route_answer_task(struct call *c, struct buf *out, struct str task, const char **ret_state) MUST_USE;
/* Bytes that showing the task needs beyond what a get brings; 0: what it brings is enough. */
size_t route_answer_more(const struct call *c, size_t input_bytes, size_t result_bytes);

#endif
