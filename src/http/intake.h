/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's body given to the API in pieces, each when it asks for it (http_read). The socket is read only while it
 * has asked: that is the back-pressure, and all the memory there is, is one read.
 *
 *              http_read             bytes: on_body(piece)
 *   IDLE ───────────────────▶ ASKED ───────────────────────────────▶ IDLE
 *                               │ the end: on_body(empty)
 *                               ├─────────────────────────────────▶ OVER    the connection may go on after the answer
 *                               │ malformed, too slow, the server drains, the client has gone: on_body(e)
 *                               └─────────────────────────────────▶ BROKEN  the answer is the last
 *
 *            | http_read | a piece | the end | trouble | answered
 *   NONE     | a bug     | -       | -       | -       | the body was whole before: nothing to do here
 *   IDLE     | ASKED     | waits   | waits   | waits   | the last answer: the body is not read to its end
 *   ASKED    | a bug     | IDLE    | OVER    | BROKEN  | the same
 *   OVER     | a bug     | -       | -       | -       | the next request
 *   BROKEN   | a bug     | -       | -       | -       | the last answer
 *
 * What the API has of the body and has not done with (http_hold) counts with the bodies of all requests, and has to
 * grow at LIMIT_HTTP_RATE or be done with: so a sender of small whole things may take as long as he likes.
 */
#ifndef HTTP_INTAKE_H
#define HTTP_INTAKE_H

#include "http/http.h"

struct request;

enum intake_state { INTAKE_NONE, INTAKE_IDLE, INTAKE_ASKED, INTAKE_OVER, INTAKE_BROKEN };

struct intake {
    enum intake_state state;
    void (*on_body)(struct http_request *r, struct str piece, const struct err *e);
    int64_t since_ms; /* mono: since when it has to keep the rate */
    uint64_t came;    /* bytes since then */
};

void intake_open(struct request *q); /* its head has come, its body will be asked for */
/* The body has not been read to its end: nothing behind it can be read as a request. */
bool intake_is_unread(const struct request *q);
/* One step of the table, called by the connection. False: nothing could be done, more bytes must come. */
bool intake_step(struct request *q, struct str *in);
void intake_ask(struct request *q, void (*on_body)(struct http_request *r, struct str piece, const struct err *e));
int intake_hold(struct request *q, size_t bytes) MUST_USE;
void intake_let_go(struct request *q, size_t left);
void intake_fail(struct request *q, const struct err *e);         /* ASKED only */
int64_t intake_deadline(const struct request *q, int64_t now_ms); /* ASKED: when the client is too slow */

#endif
