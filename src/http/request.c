/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests come from a small store of used ones, so that a busy server makes no new arenas.
 *
 * When the client goes while the API holds the request: with on_gone set the API is told and the request freed; without
 * it the request stays, without a connection, until the API answers into nothing. So an API that answers soon need not
 * care. A server that is closed does the same to all of them.
 */
#include "http/request.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/conn.h"
#include "http/inside.h"
#include <stdlib.h>

#define SPARE 64

struct request *request_new(struct http *h, struct conn *c, const char *peer, int64_t started_mono_ms)
{
    struct list *link = list_shift(&h->spare);
    struct request *q = link ? CONTAINER_OF(link, struct request, link) : mem_new(sizeof *q);
    if (link) h->n_spare--;
    else arena_init(&q->pub.arena);
    q->pub = (struct http_request){.arena = q->pub.arena, .started_mono_ms = started_mono_ms};
    q->http = h;
    q->turn = h->turn;
    q->conn = c;
    q->on_gone = NULL;
    q->framing = (struct framing){0};
    q->intake = (struct intake){0};
    q->outflow = (struct outflow){0};
    q->pub.peer.len = strlen(peer);
    q->pub.peer.p = memcpy(q->peer, peer, q->pub.peer.len + 1);
    list_init(&q->link);
    list_init(&q->sending);
    list_init(&q->gone.link);
    list_init(&q->wake.link);
    list_push(&h->requests, &q->link);
    h->n_requests++;
    return q;
}

static void destroy(struct request *q)
{
    arena_release(&q->pub.arena);
    body_release(&q->body);
    free(q);
}

void request_answered(struct request *q)
{
    turn_later_cancel(&q->gone);
    turn_later_cancel(&q->wake);
    q->on_gone = NULL;
    if (q->http) q->http->answer_bytes -= q->claimed;
    q->claimed = 0;
}

void request_free(struct request *q)
{
    struct http *h = q->http;
    request_answered(q);
    free(q->answer);
    q->answer = NULL;
    q->answer_len = 0;
    list_remove(&q->link);
    list_remove(&q->sending);
    if (!h) {
        destroy(q);
        return;
    }
    h->n_requests--;
    h->body_bytes -= q->counted;
    q->counted = 0;
    if (h->n_spare == SPARE) {
        destroy(q);
        return;
    }
    arena_clear(&q->pub.arena);
    body_clear(&q->body);
    list_insert(&h->spare, &q->link); /* in front: the one whose memory is warm goes first */
    h->n_spare++;
}

void request_release_spare(struct http *h)
{
    for (struct list *link; (link = list_shift(&h->spare));) destroy(CONTAINER_OF(link, struct request, link));
    h->n_spare = 0;
}

static bool is_id(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && c != '.' && c != '_' && c != '-') return false;
    }
    return s.len >= 1 && s.len <= 64;
}

void request_name(struct request *q)
{
    struct str given = http_header(&q->pub, "X-Request-Id");
    if (is_id(given)) {
        str_copy(q->pub.request_id, sizeof q->pub.request_id, given);
        return;
    }
    struct id id = id_make(&q->http->ids);
    id_format(&id, q->pub.request_id);
}

bool request_has_room(const struct request *q, size_t bytes, size_t len)
{
    size_t others = q->http->body_bytes - q->counted;
    size_t max = len > LIMIT_HTTP_SMALL ? LIMIT_HTTP_BODIES - LIMIT_HTTP_SMALLS : LIMIT_HTTP_BODIES;
    return bytes <= max && others <= max - bytes;
}

static int refuse_for_room(struct err *e)
{
    return err_set(e, ERR_AGAIN, "too many large request bodies are arriving at this moment");
}

int request_accept(struct request *q, struct err *e)
{
    struct http *h = q->http;
    q->pub.has_body = q->framing.has_body;
    bool whole = !h->conf.in_pieces || !h->conf.in_pieces(h->conf.user, &q->pub);
    body_start(&q->body, &q->framing, whole);
    if (!whole) {
        intake_open(q);
        return 0;
    }
    if (q->framing.length > LIMIT_BODY) return err_set(e, ERR_TOO_BIG, "the body is larger than %d bytes", LIMIT_BODY);
    return request_has_room(q, (size_t)q->framing.length, (size_t)q->framing.length) ? 0 : refuse_for_room(e);
}

int request_take_body(struct request *q, struct str *in, struct err *e)
{
    struct http *h = q->http;
    int rc = body_take(&q->body, in, e);
    bool fits = q->body.data.cap <= q->counted || request_has_room(q, q->body.data.cap, q->body.data.len);
    h->body_bytes += q->body.data.cap - q->counted;
    q->counted = q->body.data.cap;
    if (rc >= 0 && !fits) return refuse_for_room(e);
    if (rc == 1) q->pub.body = buf_str(&q->body.data);
    return rc;
}

static bool is_in_pieces(const struct request *q)
{
    if (q->on_gone) return false; /* it was: now it waits for something else */
    return q->intake.state != INTAKE_NONE || q->outflow.state != OUTFLOW_NONE;
}

void request_gone(struct request *q)
{
    q->conn = NULL;
    if (is_in_pieces(q)) request_wake(q);
    else request_away(q);
}

void request_away(struct request *q)
{
    turn_later_cancel(&q->wake);
    if (q->intake.state == INTAKE_ASKED) {
        struct err e;
        err_set(&e, ERR_AWAY, "the client has gone");
        intake_fail(q, &e);
        return;
    }
    if (is_in_pieces(q)) {
        outflow_gone(q);
        return;
    }
    if (!q->on_gone) return;
    turn_later_cancel(&q->gone);
    q->on_gone(&q->pub);
    request_free(q);
}

static void on_wake(struct later *l)
{
    struct request *q = CONTAINER_OF(l, struct request, wake);
    if (q->conn) conn_go_on(q->conn);
    else request_away(q);
}

void request_wake(struct request *q)
{
    if (q->conn && q->conn->driving) return; /* its loop looks again */
    turn_later(q->turn, &q->wake, on_wake);
}

static void on_gone_later(struct later *l)
{
    struct request *q = CONTAINER_OF(l, struct request, gone);
    if (q->conn) conn_close(q->conn);
    else request_gone(q);
}

void request_set_on_gone(struct request *q, void (*on_gone)(struct http_request *r))
{
    q->on_gone = on_gone;
    turn_later_cancel(&q->gone);
    if (on_gone && (!q->conn || q->conn->ended)) turn_later(q->turn, &q->gone, on_gone_later);
}

int request_claim(struct request *q, size_t bytes)
{
    struct http *h = q->http;
    if (!h) return 0; /* closed: the answer goes nowhere */
    size_t others = h->answer_bytes - q->claimed;
    if (others >= LIMIT_HTTP_ANSWERS || bytes > LIMIT_HTTP_ANSWERS - others) return ERR_AGAIN;
    h->answer_bytes = others + bytes;
    q->claimed = bytes;
    return 0;
}

void request_drop_body(struct request *q)
{
    q->pub.body = STR_NONE;
    body_clear(&q->body);
    size_t kept = q->counted ? q->body.data.cap : 0;
    if (q->http) q->http->body_bytes -= q->counted - kept;
    q->counted = kept;
}
