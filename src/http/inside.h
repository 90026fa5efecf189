/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the http folder only: the server object that its files share.
 */
#ifndef HTTP_INSIDE_H
#define HTTP_INSIDE_H

#include "base/list.h"
#include "http/http.h"
#include "http/reply.h"
#include "http/share.h"
#include "loop/listen.h"

#define HTTP_LISTENERS 16

struct http {
    struct http_conf conf;
    struct loop *loop; /* borrowed */
    struct turn *turn; /* borrowed */
    struct http_stats stats;
    struct listener *listeners[HTTP_LISTENERS]; /* owned */
    size_t n_listeners;
    struct list conns;    /* every open connection */
    struct share share;   /* those of them that rest until the next turn */
    struct list requests; /* every live request, the ones whose client has gone included */
    struct list spare;    /* requests to use again */
    size_t n_requests, n_spare;
    size_t n_sending;    /* connections whose answer the kernel has not taken yet */
    size_t body_bytes;   /* memory of all request bodies, and of what came behind requests that are held */
    size_t answer_bytes; /* memory of all answers claimed or not yet taken by the kernel */
    size_t n_open;       /* listeners and connections not yet closed, those being closed included */
    struct buf out;      /* memory lent to the connection that composes an answer */
    struct reply_stamp stamp;
    struct id_maker ids;
    bool draining, closing;
    struct later close_later;
    void (*on_closed)(void *user);
    void *on_closed_user;
};

/* A listener or connection is gone: the last one of a closing server frees it. */
void http_one_closed(struct http *h);

#endif
