/* SPDX-License-Identifier: Apache-2.0
 *
 * What every handler does with its call: take parameters, answer JSON, answer a problem.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include "api/api.h"
#include "base/json_write.h"

#define CALL_JSON "application/json"
#define ANSWER_MAX (64 * 1024 * 1024) /* a page of 200 tasks, each with every field at its limit, fits */

void call_answer(struct call *c, int status, struct buf *json); /* takes the buf's content; an error of the buf is a 500 */
void call_answer_with(struct call *c, int status, const char *content_type, struct str body, const struct http_header *headers,
                      size_t n_headers); /* the body in the request's arena, or static */
void call_problem(struct call *c, const struct err *e);                      /* Retry-After where its code calls for it */
void call_refuse(struct call *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

struct buf call_buf(struct call *c);                  /* for an answer: bounded, released by call_answer */
int call_id(struct call *c, struct id *ret) MUST_USE; /* params[0] as an id; answers the 404 itself when it is none */
/* A whole number in the query, `otherwise` when absent; answers the 400 itself when it is none or out of range. */
int call_number(struct call *c, const char *name, int64_t low, int64_t high, int64_t otherwise, int64_t *ret) MUST_USE;
/* Seconds (decimals allowed) as `wait=N` of the query or `Prefer: wait=N` (RFC 7240 section 4.3); 0: none. At most
 * LIMIT_WAIT_MS. Answers the 400 itself. */
int call_wait_ms(struct call *c, int64_t *ret_ms) MUST_USE;

#endif
