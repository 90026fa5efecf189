/* SPDX-License-Identifier: Apache-2.0
 *
 * One server, one connection kept between requests: the only file that knows libcurl. Private to libbide.
 */
#ifndef CLIENT_BIDE_HTTP_H
#define CLIENT_BIDE_HTTP_H

#include "base/buf.h"
#include "bide.h"

struct bide_http;

struct bide_http_request {
    const char *method;          /* GET, POST, ... */
    const char *path;            /* from '/', with its query */
    struct str json;             /* the body; p NULL: none */
    const char *content_type;    /* of the body; NULL: application/json */
    const char *idempotency_key; /* NULL: none */
    int wait_s;                  /* how long the server was asked to hold the answer back */
    bool has_file;               /* the body is what `file` has from where it stands, file_len bytes */
    int file;                    /* borrowed */
    int64_t file_len;
    bool has_into;               /* the body of an answer 200 to 299 goes there instead of into `answer` */
    int into;                    /* borrowed */
    const volatile int *stop;    /* not 0: the request is given up within a second (code `cancelled`); NULL: never */
    /* called many times a second while it is under way; may send requests with another bide_http. False: this one is given up,
     * as by stop, which is not looked at then. NULL: nothing is called */
    bool (*meanwhile)(void *user);
    void *user;
    /* The body of a 200 is a stream of events, each piece of it goes there as it comes, and silence is the caller's to judge
     * (in `meanwhile`). False: no more is wanted (code `cancelled`). A body of another kind is code `unsupported`. */
    bool (*on_bytes)(void *user, const char *p, size_t len);
    const char *last_event_id; /* with it; NULL: none */
};

/* NULL with the reason. */
struct bide_http *bide_http_new(const struct bide_client_options *options, struct bide_error *error);
void bide_http_free(struct bide_http *h); /* accepts NULL */
const char *bide_http_server(const struct bide_http *h);
/* 0 for statuses 200 to 299, with the body in `answer` (a buf the caller has initialised). -1: any other answer
 * (error->http_status, the server's code and text), or none (code `away`). */
int bide_http_send(struct bide_http *h, const struct bide_http_request *request, struct buf *answer, int *ret_status,
                   struct bide_error *error);

#endif
