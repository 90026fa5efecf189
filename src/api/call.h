/* SPDX-License-Identifier: Apache-2.0
 *
 * What every handler does with its call: take parameters, answer JSON, answer a problem.
 *
 * Answers in memory are bounded together (LIMIT_HTTP_ANSWERS). Whoever asks the store for much claims room first; an
 * answer of CALL_LARGE or more for which there is no room is a 503 instead.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include "api/api.h"
#include "base/json_write.h"
#include "base/limits.h"

struct ws;
struct ws_conf;

#define CALL_JSON "application/json"
#define CALL_TEXT "text/plain; charset=utf-8"
#define ANSWER_MAX LIMIT_HTTP_REPLY /* an answer in the making; what would be larger is refused */
#define CALL_LARGE (16 * 1024)

/* The buf's content is taken and the buf released; an error of the buf is a 500. */
void call_answer(struct call *c, int status, struct buf *json);
void call_answer_buf(struct call *c, int status, const char *content_type, struct buf *b, const struct http_header *headers,
                     size_t n_headers);
void call_answer_with(struct call *c, int status, const char *content_type, struct str body, const struct http_header *headers,
                      size_t n_headers); /* the body in the request's arena, or static */
/* An answer in pieces, as http_begin. */
void call_begin(struct call *c, int status, const char *content_type, const struct http_header *headers, size_t n_headers,
                int64_t length, void (*on_room)(struct http_request *r));
/* The request ends in a WebSocket or is refused, as by ws_accept. */
struct ws *call_upgrade(struct call *c, const struct ws_conf *conf);
/* Retry-After where its code calls for it. */
void call_problem(struct call *c, const struct err *e);
void call_problem_with(struct call *c, const struct err *e, const struct http_header *headers, size_t n_headers,
                       struct str extra); /* as problem_reply_with */
void call_refuse(struct call *c, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the store said to a read: ERR_NOT_FOUND is that there is no such task, everything else that it did not answer. */
void call_store_failed(struct call *c, int err);
void call_store_failed_or(struct call *c, int err, const char *none); /* none: what the 404 says, of something else than a task */
int call_claim(struct call *c, size_t bytes) MUST_USE; /* as http_claim; answers the 503 itself */

/* The shape of all lists: {"items":[..],"next_cursor":..}; cursor NULL: the last page. */
void call_list_open(struct buf *b);
void call_list_items(struct buf *b); /* the same in an object that is open, after members of its own */
void call_list_close(struct buf *b, const char *cursor);

struct buf call_buf(struct call *c);                  /* for an answer: bounded, released by call_answer */
int call_id(struct call *c, struct id *ret) MUST_USE; /* params[0] as an id; answers the 404 itself when it is none */
int call_id_or(struct call *c, const char *none, struct id *ret) MUST_USE; /* of something else than a task */
/* A whole number in the query, `otherwise` when absent; answers the 400 itself when it is none or out of range. */
int call_number(struct call *c, const char *name, int64_t low, int64_t high, int64_t otherwise, int64_t *ret) MUST_USE;
/* Seconds (decimals allowed) as `wait=N` of the query or `Prefer: wait=N` (RFC 7240 section 4.3); 0: none. At most
 * LIMIT_WAIT_MS. A query that is not understood is a 400, answered here; such a preference is ignored. */
int call_wait_ms(struct call *c, int64_t *ret_ms) MUST_USE;
/* Sets c->shares by `share=1` of the query; answers the 400 itself. */
int call_shares(struct call *c) MUST_USE;

#endif
