/* SPDX-License-Identifier: Apache-2.0
 *
 * An answer that the API gives in pieces: http_begin, http_more for each, http_end or http_abort. A piece goes to the
 * kernel at once; while the kernel has not taken all of it the API makes no more. So a connection has one piece in
 * memory.
 *
 *           http_begin         the kernel did not take all
 *   NONE ───────────────▶ OPEN ────────────────────────────▶ FULL
 *                           ▲                                 │ it has: on_room
 *                           └─────────────────────────────────┘
 *   OPEN, FULL ── the client has gone: on_room, or ERR_AWAY of http_more ──▶ GONE
 *   OPEN, FULL, GONE ── http_end, http_abort ──▶ the request is over
 *
 *            | http_more         | the kernel took all | client gone   | http_end                | http_abort
 *   OPEN     | OPEN, FULL, GONE  | -                   | GONE, on_room | the next request        | closed
 *   FULL     | a bug             | OPEN, on_room       | GONE, on_room | the same, when sent     | closed
 *   GONE     | GONE (ERR_AWAY)   | -                   | -             | freed                   | freed
 *
 * How the client knows the end: by Content-Length, by the last chunk, or (HTTP/1.0) by the close. An answer that is
 * broken off is closed without it; where the close would be the end, the connection is reset.
 */
#ifndef HTTP_OUTFLOW_H
#define HTTP_OUTFLOW_H

#include "http/http.h"

struct request;

enum outflow_state { OUTFLOW_NONE, OUTFLOW_OPEN, OUTFLOW_FULL, OUTFLOW_GONE };

struct outflow {
    enum outflow_state state;
    bool headless; /* HEAD, 204, 304: pieces are dropped */
    bool chunked;
    bool to_close; /* the close is its end */
    bool endless;  /* http_endless */
    uint64_t left; /* of the Content-Length */
    bool last;     /* the connection ends with it */
    void (*on_room)(struct http_request *r);
};

/* http_begin, http_more, http_end, http_abort. */
void outflow_begin(struct request *q, const struct http_reply *head, int64_t length,
                   void (*on_room)(struct http_request *r));
int outflow_more(struct request *q, struct str bytes) MUST_USE;
void outflow_end(struct request *q);
void outflow_abort(struct request *q);

/* One step of the table, called by the connection: the kernel may have taken all. True: the API was told. */
bool outflow_step(struct request *q, bool sending);
void outflow_gone(struct request *q); /* the client has: tells the API unless it knows */

#endif
