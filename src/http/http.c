/* SPDX-License-Identifier: Apache-2.0
 *
 * The server: its listeners, its connections as a list, draining and closing. What a connection does is in conn.c.
 *
 *   open ──▶ http_drain: no listeners, idle connections end, others after their answer ──▶ http_close: all at once,
 *   then, when the last handle is gone, on_closed.
 */
#include "base/limits.h"
#include "base/mem.h"
#include "http/conn.h"
#include "http/inside.h"
#include <stdlib.h>

int http_open(struct http **ret_http, struct loop *l, const struct http_conf *conf, struct err *e)
{
    if (!conf->on_request || !conf->server_name)
        return err_set(e, ERR_INVALID, "http: on_request and server_name are needed");
    struct http *h = mem_new(sizeof *h);
    h->conf = *conf;
    h->loop = l;
    h->turn = conf->turn;
    list_init(&h->conns);
    share_init(&h->share);
    list_init(&h->requests);
    list_init(&h->spare);
    buf_init(&h->out, LIMIT_HTTP_REPLY);
    list_init(&h->close_later.link);
    id_maker_init(&h->ids, conf->turn->clock, conf->turn->rng);
    *ret_http = h;
    return 0;
}

static void on_accept(void *owner, struct stream *s, const char *peer) { conn_new(owner, s, peer); }

static void on_listener_closed(void *owner) { http_one_closed(owner); }

static const struct listen_events listen_events = {.on_accept = on_accept, .on_closed = on_listener_closed};

/* `fd`: one that listens already, or -1 to bind `name`. */
static int add_listener(struct http *h, int fd, const char *name, char bound[128], struct err *e)
{
    if (h->n_listeners == HTTP_LISTENERS)
        return err_set(e, ERR_CONFIG, "%s: there are already %d addresses", name, HTTP_LISTENERS);
    struct listener **li = &h->listeners[h->n_listeners];
    int rc = fd < 0 ? listen_open(li, h->loop, name, &listen_events, h, bound, e)
                    : listen_take(li, h->loop, fd, name, &listen_events, h, bound, e);
    if (rc < 0) return rc;
    h->n_listeners++;
    h->n_open++;
    return 0;
}

int http_listen(struct http *h, const char *address, char bound[128], struct err *e)
{
    return add_listener(h, -1, address, bound, e);
}

int http_take(struct http *h, int fd, const char *name, char bound[128], struct err *e)
{
    return add_listener(h, fd, name, bound, e);
}

static void stop_listening(struct http *h)
{
    while (h->n_listeners) listen_close(h->listeners[--h->n_listeners]);
}

void http_drain(struct http *h)
{
    if (h->draining) return;
    h->draining = true;
    stop_listening(h);
    LIST_EACH_SAFE (link, &h->conns) conn_go_on(CONTAINER_OF(link, struct conn, link));
}

bool http_is_idle(const struct http *h)
{
    return h->n_requests == 0 && h->n_sending == 0 && h->stats.websockets_now == 0;
}

const struct http_stats *http_stats(const struct http *h) { return &h->stats; }

static void destroy(struct http *h)
{
    LIST_EACH_SAFE (link, &h->requests) {
        struct request *q = CONTAINER_OF(link, struct request, link);
        request_away(q); /* when it is still to be told */
    }
    LIST_EACH_SAFE (link, &h->requests) {
        CONTAINER_OF(link, struct request, link)->http = NULL; /* the API still holds it; http_reply will free it */
        list_remove(link);
    }
    request_release_spare(h);
    share_release(&h->share);
    buf_release(&h->out);
    void (*on_closed)(void *user) = h->on_closed;
    void *user = h->on_closed_user;
    free(h);
    if (on_closed) on_closed(user);
}

void http_one_closed(struct http *h)
{
    if (--h->n_open == 0 && h->closing) destroy(h);
}

static void on_close_later(struct later *l) { http_one_closed(CONTAINER_OF(l, struct http, close_later)); }

void http_close(struct http *h, void (*on_closed)(void *user), void *user)
{
    h->closing = h->draining = true;
    h->on_closed = on_closed;
    h->on_closed_user = user;
    h->n_open++; /* this call itself: on_closed comes later, also when nothing was open */
    stop_listening(h);
    while (!list_empty(&h->conns)) conn_close(CONTAINER_OF(h->conns.next, struct conn, link));
    turn_later(h->turn, &h->close_later, on_close_later);
}

void http_reply(struct http_request *r, const struct http_reply *reply)
{
    struct request *q = request_of(r);
    request_answered(q);
    if (reply->body_taken) {
        q->answer = (char *)(uintptr_t)reply->body.p; /* it was allocated: now ours */
        q->answer_len = reply->body.len;
    }
    if (q->conn) conn_reply(q->conn, q, reply);
    else request_free(q);
}

void http_set_on_gone(struct http_request *r, void (*on_gone)(struct http_request *r))
{
    request_set_on_gone(request_of(r), on_gone);
}

int http_claim(struct http_request *r, size_t bytes) { return request_claim(request_of(r), bytes); }

void http_drop_body(struct http_request *r) { request_drop_body(request_of(r)); }

void http_begin(struct http_request *r, const struct http_reply *head, int64_t length,
                void (*on_room)(struct http_request *r))
{
    outflow_begin(request_of(r), head, length, on_room);
}

int http_more(struct http_request *r, struct str bytes) { return outflow_more(request_of(r), bytes); }

void http_end(struct http_request *r) { outflow_end(request_of(r)); }

void http_endless(struct http_request *r) { request_of(r)->outflow.endless = true; }

void http_abort(struct http_request *r) { outflow_abort(request_of(r)); }

void http_read(struct http_request *r, void (*on_body)(struct http_request *r, struct str piece, const struct err *e))
{
    intake_ask(request_of(r), on_body);
}

int http_hold(struct http_request *r, size_t bytes) { return intake_hold(request_of(r), bytes); }

void http_let_go(struct http_request *r, size_t left) { intake_let_go(request_of(r), left); }

struct str http_header(const struct http_request *r, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_eq_nocase(r->headers[i].name, wanted)) return r->headers[i].value;
    return STR_NONE;
}
