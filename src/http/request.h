/* SPDX-License-Identifier: Apache-2.0
 *
 * The layer's side of a request: what the API sees, and what is needed to answer it.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/list.h"
#include "http/body.h"
#include "http/http.h"
#include "http/intake.h"
#include "http/outflow.h"
#include "loop/listen.h"

struct conn;

struct request {
    struct http_request pub;
    struct http *http; /* borrowed; NULL once the server is freed */
    struct conn *conn; /* borrowed; NULL once the client has gone */
    struct framing framing;
    struct body body;
    struct intake intake;   /* the body in pieces */
    struct outflow outflow; /* the answer in pieces */
    size_t counted;         /* bytes of the body's memory in http->body_bytes */
    size_t claimed;         /* bytes of an answer to come in http->answer_bytes */
    char *answer;           /* owned; a body that was taken */
    size_t answer_len;
    struct turn *turn; /* borrowed */
    struct later gone; /* the client had gone before on_gone was set */
    void (*on_gone)(struct http_request *r);
    struct later wake;   /* in pieces: the API has asked, or is to be told that the client has gone */
    struct list link;    /* in http->requests or http->spare */
    struct list sending; /* in its connection's list while the kernel still needs its arena */
    char peer[LISTEN_PEER];
};

static inline struct request *request_of(struct http_request *r) { return CONTAINER_OF(r, struct request, pub); }

struct request *request_new(struct http *h, struct conn *c, const char *peer, int64_t started_mono_ms);
void request_free(struct request *q); /* kept for the next one when there are few spare */
void request_name(struct request *q); /* its id: the client's X-Request-Id when it is usable, else a new one */
/* Its head has come: will its body be taken whole or in pieces, and is there room for it? */
int request_accept(struct request *q, struct err *e) MUST_USE;
/* Is there memory for a body of `len` bytes, which takes `bytes`? Large ones leave some for those up to
 * LIMIT_HTTP_SMALL. */
bool request_has_room(const struct request *q, size_t bytes, size_t len);
int request_take_body(struct request *q, struct str *in,
                      struct err *e) MUST_USE; /* as body_take, within the common bound */
void request_gone(struct request *q); /* the client has gone: tells the API, or waits for its answer to drop it */
void request_away(struct request *q); /* the same, at once */
void request_wake(struct request *q); /* its connection goes on with it, in this turn or the next, never from inside */
void request_set_on_gone(struct request *q, void (*on_gone)(struct http_request *r));
int request_claim(struct request *q, size_t bytes) MUST_USE;
void request_drop_body(struct request *q);
void request_answered(struct request *q); /* http_reply has it: no claim, no on_gone any more */
void request_release_spare(struct http *h);

#endif
