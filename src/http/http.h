/* SPDX-License-Identifier: Apache-2.0
 *
 * How bytes become requests and back: a strict HTTP/1.1 server (RFC 9112) on the loop. A request reaches `on_request`
 * once, whole (headers checked, body read, limits kept); it is answered once, then or later, by http_reply(). What
 * the layer refuses itself (bad syntax, too large, too slow) it answers as problem+json and closes.
 *
 *   accepted ─▶ reading head ─▶ reading body ─▶ handed over ─▶ replying ─▶ reading head (keep-alive, pipelined)
 *                   │ refused / too slow              │ client gone: on_gone            └▶ lingering close
 *
 * Only one request of a connection is handed over at a time; pipelined ones wait unread (back-pressure).
 *
 * What is too large for memory goes in pieces: a body for whoever says so by the head (conf.in_pieces), asked for with
 * http_read; an answer with http_begin, http_more, http_end. Who waits for whom is in intake.h and outflow.h. A request
 * may also become a WebSocket: ws.h.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "loop/loop.h"

struct http_header {
    struct str name;  /* as sent */
    struct str value; /* trimmed; repeated list headers stay separate entries */
};

/* Owned by the layer; lives until it was answered and sent, or on_gone (http_set_on_gone) returned. All strs point into
 * it. */
struct http_request {
    struct arena arena;      /* the request's memory; the API may use it for its answer */
    struct str method;       /* "GET", ... as sent */
    struct str path;         /* the raw path, still percent-encoded, without the query */
    struct str query;        /* after the '?', raw; empty when there is none */
    struct http_header *headers;
    size_t n_headers;
    struct str body;         /* whole; empty when there is none */
    bool has_body;           /* a Content-Length or chunked body was sent, if only an empty one */
    struct str peer;         /* address of the client, for the log; "unix" on a UNIX socket */
    char request_id[ID_TEXT]; /* made here, or the client's X-Request-Id when it is 1-64 of A-Za-z0-9._- ... (cut to 36) */
    int64_t started_mono_ms; /* when its first byte arrived */
    bool any_origin;         /* the API's: web pages of every origin may read the answer (Fetch standard, section 3.3) */
    void *user;              /* the API's, NULL at first */
};

struct http_reply {
    int status;                        /* 200 .. 599 */
    const char *content_type;          /* NULL: no body */
    struct str body;                   /* borrowed for the call; copied (or already in the request's arena: not copied) */
    const struct http_header *headers; /* extra ones; borrowed for the call */
    size_t n_headers;
    bool close;                        /* close the connection after it */
    bool body_stays;                   /* the body lies in the request's arena (or is static): need not be copied */
    bool body_taken;                   /* body.p was allocated (buf_take): the layer frees it, also when nobody reads it */
};

struct http_stats { /* counted since http_open, read at any time */
    uint64_t connections_total, requests_total, refused_total;
    uint64_t bytes_in, bytes_out;
    uint32_t connections_now, websockets_now;
    uint64_t websockets_total, messages_in, messages_out; /* text messages of WebSockets */
};

struct http_conf {
    struct turn *turn;                /* borrowed */
    void *user;                       /* given to on_request */
    void (*on_request)(void *user, struct http_request *r);
    /* The head of a request has come: true: it is handed over without its body, which http_read brings. NULL: never. */
    bool (*in_pieces)(void *user, const struct http_request *r);
    const char *server_name;          /* the Server header, e.g. "bide/0.1.0" */
};

struct http;
int http_open(struct http **ret_http, struct loop *l, const struct http_conf *conf, struct err *e) MUST_USE;
/* `address`: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (all), port 0 = any free, "unix:PATH" (a stale
 * socket file that nobody listens on is replaced). Repeatable. `bound` receives the real address ("127.0.0.1:43121"). */
int http_listen(struct http *h, const char *address, char bound[128], struct err *e) MUST_USE;
/* The same with a socket that listens already; `name` is for the reason of a refusal. Takes fd when it succeeds. */
int http_take(struct http *h, int fd, const char *name, char bound[128], struct err *e) MUST_USE;
void http_drain(struct http *h);   /* stop accepting; idle connections close; others get "Connection: close" */
bool http_is_idle(const struct http *h); /* no request handed over or being sent, no WebSocket open */
void http_close(struct http *h, void (*on_closed)(void *user), void *user); /* ends everything; frees */
const struct http_stats *http_stats(const struct http *h);

/* Answers. HEAD: the body is counted and left out. Adds Date, Server, Content-Length, X-Request-Id, Connection.
 * Ends the request: `r` must not be used afterwards. */
void http_reply(struct http_request *r, const struct http_reply *reply);

/* For whoever answers later: `on_gone` is called once, from the loop, instead of a later http_reply, when the client has
 * gone, has gone already, or the server closes. After it returns the request is freed. Never called after http_reply or
 * after it was set to NULL again: then nothing is told and the request stays until http_reply, whose answer may go
 * nowhere. A client that only ended its sending side counts as gone while on_gone is set; without it, it still gets its
 * answer. */
void http_set_on_gone(struct http_request *r, void (*on_gone)(struct http_request *r));

/* For whoever answers much: claims room among all answers in memory (LIMIT_HTTP_ANSWERS) for one of up to `bytes`, before
 * the bytes are there. Asked again, the new number stands for the old one. ERR_AGAIN: there is none (with 0 bytes: all
 * of it is in use). With http_reply the claim is over; from then on counts what the client has not taken. */
int http_claim(struct http_request *r, size_t bytes) MUST_USE;

/* The body is not needed any more: its memory no longer counts while the request waits. r->body is empty afterwards. */
void http_drop_body(struct http_request *r);

/* ---- an answer in pieces ---- */

/* Begins it: status, type and headers of `head`, whose body is not looked at. `length` of all pieces together, -1: not
 * known. `on_room` is called from the loop, never from inside a call: after ERR_AGAIN when there is room again, and once
 * when the client has gone (http_more says ERR_AWAY). http_set_on_gone is not for such a request: it stays until
 * http_end or http_abort, whatever happens. A client that only ended its sending side still gets its answer. */
void http_begin(struct http_request *r, const struct http_reply *head, int64_t length,
                void (*on_room)(struct http_request *r));
/* After http_begin, of an answer that ends only when somebody goes: who ends its sending side does. */
void http_endless(struct http_request *r);
/* The next piece; copied where the kernel does not take it. 0: go on; ERR_AGAIN: it was taken, but the next one has to wait
 * for on_room; ERR_AWAY: the client has gone, what is left to do is http_end. The head goes with the first piece; an empty one
 * sends it when it waits, and changes nothing else. With HEAD they are dropped. */
int http_more(struct http_request *r, struct str bytes) MUST_USE;
void http_end(struct http_request *r);   /* that was all (less than `length`: as http_abort); ends the request */
void http_abort(struct http_request *r); /* it cannot be completed, and the client will see that; ends the request */

/* ---- a body in pieces ---- */

/* Asks for the next piece of the body. `on_body` is called once, later, from the loop: with a piece, borrowed until it
 * returns; with an empty one at the end; with `e` when there will be none: the client was too slow (ERR_SLOW), sent what
 * is no body (ERR_INVALID, ..), has gone (ERR_AWAY), or the server drains (ERR_DRAINING). After the end and after `e` it
 * must not be asked again. The request may be answered at any time; when its body was not read to its end, the connection
 * ends with that answer. */
void http_read(struct http_request *r, void (*on_body)(struct http_request *r, struct str piece, const struct err *e));
/* How many bytes of the body the API has in memory, instead of the number said before; they count with all request
 * bodies. ERR_AGAIN: there is no room for more than before. While it is not 0 the client has to keep LIMIT_HTTP_RATE. */
int http_hold(struct http_request *r, size_t bytes) MUST_USE;
/* All but `left` of them are done with, and the client has its time again from here on. */
void http_let_go(struct http_request *r, size_t left);

/* The first header of that name (case-insensitive); STR_NONE (p NULL) when absent. */
struct str http_header(const struct http_request *r, const char *name);

#endif
