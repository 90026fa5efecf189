/* SPDX-License-Identifier: Apache-2.0
 *
 * What the client's calls are made of: a path with encoded names, and a request whose answer goes to the caller as it
 * came. Private to libbide: here is the inside of struct bide_client.
 */
#ifndef CLIENT_BIDE_REQUEST_H
#define CLIENT_BIDE_REQUEST_H

#include "client/bide_http.h"

struct bide_client {
    struct bide_http *http; /* owned */
};

/* base/name/verb, the name percent-encoded (NULL: base and verb alone); verb may be "". Its error is seen by
 * bide_request_send. */
struct buf bide_request_path(const char *base, const char *name, const char *verb);
/* The encoded `text` (RFC 3986 section 2.1), so that a queue called "a/b" stays one segment. */
void bide_request_encode(struct buf *b, const char *text);
/* ?key=value, or &key=value; nothing when `value` is NULL. */
void bide_request_query(struct buf *path, const char *key, const char *value);
void bide_request_filter(struct buf *path, const struct bide_filter *f); /* its type, queue, subject and tags */

/* Sends, and on success puts the answer into *ret (NULL: it is dropped). Takes the path: releases it whatever happens.
 * ret_status may be NULL. */
int bide_request_send(struct bide_client *c, struct bide_http_request *r, struct buf *path, struct bide_text *ret,
                      int *ret_status, struct bide_error *error);
/* A request without a body about one thing: bide_request_path, bide_request_send. */
int bide_request_named(struct bide_client *c, const char *method, const char *base, const char *name, const char *verb,
                       struct bide_text *ret, struct bide_error *error);

/* Says why the body could not be made: too large, or no memory. */
int bide_request_no_body(const struct buf *body, struct bide_error *error);

#endif
