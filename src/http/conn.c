/* SPDX-License-Identifier: Apache-2.0
 *
 *            bytes            whole head        whole body, on_request      http_reply, keep-alive
 *   ┌▶ WAIT ───────▶ HEAD ───────────────▶ BODY ───────────────────▶ HELD ───────────────────────┐
 *   │   │ 75 s        │ 10 s                │ 30 s silent, or slow    │ client gone: on_gone     │
 *   │   ▼             └──▶ refused ◀────────┘                         ▼                          │
 *   │ CLOSED              (problem+json) ──▶ LAST ──sent──▶ LINGER ──2 s, 64 KiB, client ends─▶ CLOSED
 *   └────────────────────────────────────────────────────────────────────────────────────────────┘
 *
 * drive() takes as many steps as the bytes at hand allow, then sends what they produced in one write, keeps what it
 * could not use, and sets the deadline. It is the only one that steps; callbacks record and call it. While the kernel
 * has not taken an answer (`sending`) no further request is read: that is the back-pressure. One request is handed over
 * at a time, so answers keep their order by themselves. Who asks for much at once rests between (share.h).
 *
 * While the API holds a request the socket is read on, to see the client go, until a bounded amount of pipelined bytes
 * has come; when there are too many of all connections they are dropped, and the answer says `Connection: close`. An
 * end of the client's side is not yet a reset: with on_gone set it counts as gone, without it the answer is still sent
 * (`printf ... | nc -N` works).
 *
 * A request whose body goes in pieces is HELD from its head on; what happens to it there is the table of intake.h, and
 * that of outflow.h for an answer in pieces. HELD may become WS, from where only LAST or CLOSED follow: ws.h.
 */
#include "http/conn.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/inside.h"
#include "http/parse.h"
#include "http/problem.h"
#include "http/ws_inside.h"
#include <stdlib.h>

#define IN_MAX (LIMIT_HTTP_HEADER + 2 * 64 * 1024) /* a head that is not whole, and the reads that come on top */
#define HELD_IN (16 * 1024)                        /* pipelined bytes after which a held connection is not read */
#define OWN_WRITE (16 * 1024)                      /* a body from here on is not copied into the batch */
#define OVERFLOW 256 /* connections over the limit that are told so; more are just closed */

static void drive(struct conn *c, struct str bytes);

static int64_t now_ms(const struct conn *c) { return turn_mono_ms(c->http->turn); }

void conn_close(struct conn *c)
{
    if (c->state == CONN_CLOSED) return;
    struct request *q = c->request;
    bool held = c->state == CONN_HELD;
    c->state = CONN_CLOSED;
    c->request = NULL;
    turn_timer_stop(c->http->turn, &c->timer);
    conn_sent(c);
    list_remove(&c->link);
    share_leave(c);
    c->http->stats.connections_now--;
    c->http->body_bytes -= c->in_counted;
    stream_close(c->stream);
    if (c->ws) ws_gone(c->ws);
    if (q && held) request_gone(q);
    else if (q) request_free(q);
}

static void on_closed(void *owner)
{
    struct conn *c = owner;
    struct http *h = c->http;
    buf_release(&c->in);
    buf_release(&c->out);
    free(c);
    http_one_closed(h);
}

bool conn_is_last(const struct conn *c, const struct request *q)
{
    return c->refused || c->cut || !q->framing.keep_alive || c->http->draining;
}

void conn_head(struct conn *c, const struct request *q, const struct http_reply *reply, int64_t length, bool last)
{
    struct http *h = c->http;
    conn_open_out(c);
    reply_stamp_set(&h->stamp, turn_wall_ms(h->turn), h->conf.server_name);
    reply_head(&c->out, &h->stamp, reply, length, &q->pub,
               last                ? REPLY_CLOSE
               : q->framing.http10 ? REPLY_KEEP_SAID
                                   : REPLY_KEEP);
}

void conn_answered(struct conn *c, struct request *q, bool last)
{
    c->request = NULL;
    c->state = last ? CONN_LAST : CONN_WAIT;
    request_free(q);
    if (!c->driving) drive(c, STR_NONE);
}

void conn_reply(struct conn *c, struct request *q, const struct http_reply *reply)
{
    bool last = conn_is_last(c, q) || intake_is_unread(q) || reply->close;
    struct str body = reply_has_body(reply) && !str_eq(q->pub.method, STR("HEAD")) ? reply->body : STR_NONE;
    conn_head(c, q, reply, (int64_t)reply->body.len, last);
    if (body.len < OWN_WRITE) {
        buf_add_str(&c->out, body);
        conn_answered(c, q, last);
        return;
    }
    c->request = NULL;
    c->state = last ? CONN_LAST : CONN_WAIT;
    struct request *keep = reply->body_stays || reply->body_taken ? q : NULL;
    bool open = conn_send(c, body, keep);
    if (!keep) request_free(q); /* after the write: the body may lie in it */
    if (open && !c->driving) drive(c, STR_NONE);
}

void conn_abort(struct conn *c, bool reset)
{
    c->request = NULL;
    if (reset) stream_reset(c->stream);
    conn_close(c);
}

void conn_refuse(struct conn *c, const struct err *e)
{
    struct http *h = c->http;
    if (!c->request) {
        c->request = request_new(h, c, c->peer, now_ms(c));
        request_name(c->request);
    }
    h->stats.refused_total++;
    c->refused = true;
    problem_reply(&c->request->pub, e, err_http_status(e->code) == 503 ? 1 : 0);
}

/* The steps: true when another one may be possible. */

static bool step_head(struct conn *c, struct str *in)
{
    struct http *h = c->http;
    struct err e;
    size_t len = 0;
    if (c->sending) return false;
    if (in->len == 0) {
        if (c->state != CONN_WAIT || !h->draining) return false;
        c->state = CONN_LAST; /* idle while the server drains */
        return true;
    }
    if (c->steps == SHARE_STEPS) return false;
    if (c->state == CONN_WAIT) {
        c->since_ms = now_ms(c);
        c->state = CONN_HEAD;
    }
    int rc = head_find(&c->head, in, &len, &e);
    if (rc == 0) {
        if (in->len == 0) c->state = CONN_WAIT; /* that was the empty line before a request, not yet a request */
        return false;
    }
    if (rc > 0) {
        c->steps++;
        c->request = request_new(h, c, c->peer, c->since_ms);
        struct request *q = c->request;
        rc = parse_head(&q->pub, str_sub(*in, 0, len), c->head.lines, &q->framing, &e);
        *in = str_sub(*in, len, in->len);
        request_name(q);
        c->head = (struct head){0};
        if (rc == 0) rc = request_accept(q, &e);
    }
    if (rc < 0) {
        conn_refuse(c, &e);
        return true;
    }
    struct request *q = c->request;
    c->since_ms = now_ms(c);
    c->state = CONN_BODY;
    if (q->framing.expects_continue && q->framing.has_body && in->len == 0 && q->intake.state == INTAKE_NONE) {
        conn_open_out(c);
        buf_add_str(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
        return conn_send(c, STR_NONE, NULL);
    }
    return true;
}

static bool step_body(struct conn *c, struct str *in)
{
    struct http *h = c->http;
    struct err e;
    bool whole = c->request->framing.has_body && c->request->intake.state == INTAKE_NONE;
    int rc = whole ? request_take_body(c->request, in, &e) : 1;
    if (rc == 0) return false;
    if (rc < 0) {
        conn_refuse(c, &e);
        return true;
    }
    c->state = CONN_HELD;
    h->stats.requests_total++;
    h->conf.on_request(h->conf.user, &c->request->pub);
    return true;
}

static bool step_held(struct conn *c, struct str *in)
{
    return outflow_step(c->request, c->sending) || intake_step(c->request, in);
}

/* All of the last answer is with the kernel. */
static bool step_last(struct conn *c, struct str *in)
{
    if (c->out.len && !conn_send(c, STR_NONE, NULL)) return false;
    if (c->sending) return false;
    if (c->ended) {
        conn_close(c);
        return false;
    }
    in->len = 0;
    c->since_ms = now_ms(c);
    c->watched = 0;
    c->state = CONN_LINGER;
    stream_end(c->stream);
    return false;
}

static bool step(struct conn *c, struct str *in)
{
    if (c->state == CONN_CLOSED) return false;
    if (c->out.len >= CONN_BATCH && !conn_send(c, STR_NONE, NULL)) return false;
    switch (c->state) {
    case CONN_WAIT:
    case CONN_HEAD: return step_head(c, in);
    case CONN_BODY: return step_body(c, in);
    case CONN_LAST: return step_last(c, in);
    case CONN_HELD: return step_held(c, in);
    case CONN_WS: return ws_step(c->ws, in);
    case CONN_LINGER:
    case CONN_CLOSED: return false;
    }
    return false;
}

static bool wants_to_read(const struct conn *c)
{
    switch (c->state) {
    case CONN_WAIT:
    case CONN_HEAD:
    case CONN_BODY:
    case CONN_WS: return !c->sending;
    case CONN_HELD:
        return intake_is_unread(c->request) ? c->request->intake.state == INTAKE_ASKED : c->in.len < HELD_IN;
    case CONN_LINGER: return true;
    case CONN_LAST:
    case CONN_CLOSED: return false;
    }
    return false;
}

static void keep_rest(struct conn *c, struct str rest)
{
    if (c->in.len) {
        buf_drop(&c->in, c->in.len - rest.len);
        if (rest.len == 0) buf_release(&c->in);
    } else {
        buf_add_str(&c->in, rest);
    }
}

/* What came behind a held request counts with the bodies. */
static void count_rest(struct conn *c)
{
    struct http *h = c->http;
    bool held = c->state == CONN_HELD, behind = held && !intake_is_unread(c->request);
    h->body_bytes -= c->in_counted;
    if (behind && (c->cut || h->body_bytes + c->in.cap > LIMIT_HTTP_BODIES)) {
        c->cut = c->cut || c->in.len > 0;
        buf_release(&c->in);
    }
    c->in_counted = held || c->state == CONN_WS ? c->in.cap : 0;
    h->body_bytes += c->in_counted;
}

/* It has had its share of this turn, and asks for more. */
static bool is_tired(const struct conn *c)
{
    return (c->state == CONN_WAIT || c->state == CONN_WS) && !c->sending && c->steps == SHARE_STEPS && c->in.len > 0;
}

/* The client has ended its side: is there nothing left to do for it? */
static bool is_over(const struct conn *c)
{
    if (is_tired(c)) return false;
    if (c->state == CONN_HELD) return c->request->on_gone != NULL || c->request->outflow.endless || intake_is_unread(c->request);
    return c->state == CONN_LINGER || ((c->state < CONN_HELD || c->state == CONN_WS) && !c->sending);
}

static void drive(struct conn *c, struct str bytes)
{
    struct str in = bytes;
    if (c->in.len) {
        buf_add_str(&c->in, bytes);
        in = buf_str(&c->in);
    }
    c->driving = true;
    c->steps = 0;
    while (step(c, &in)) continue;
    if (c->state != CONN_CLOSED && c->out.len) conn_send(c, STR_NONE, NULL);
    c->driving = false;
    if (c->state == CONN_CLOSED) return;
    keep_rest(c, in);
    count_rest(c);
    if (buf_err(&c->in) || (c->ended && is_over(c))) {
        conn_close(c);
        return;
    }
    if (is_tired(c) || (c->full && wants_to_read(c))) share_rest(c);
    else share_leave(c);
    c->full = false;
    if (wants_to_read(c) && !share_is_resting(c)) stream_read_start(c->stream);
    else stream_read_stop(c->stream);
    conn_set_deadline(c);
}

static void on_read(void *owner, struct str bytes)
{
    struct conn *c = owner;
    c->http->stats.bytes_in += bytes.len;
    if (c->state != CONN_LINGER) {
        c->full = bytes.len == LOOP_READ_BUFFER;
        drive(c, bytes);
        return;
    }
    c->watched += bytes.len;
    if (c->watched > LIMIT_HTTP_LINGER) conn_close(c);
}

static void on_end(void *owner, int err)
{
    struct conn *c = owner;
    c->ended = true;
    if (err < 0 || is_over(c)) conn_close(c);
}

static void on_drained(void *owner, int err)
{
    struct conn *c = owner;
    if (err < 0) {
        conn_close(c);
        return;
    }
    conn_sent(c);
    if (c->ws) ws_drained(c->ws);
    drive(c, STR_NONE);
}

void conn_go_on(struct conn *c)
{
    if (!c->driving) drive(c, STR_NONE);
}

static const struct stream_events events = {
    .on_read = on_read,
    .on_end = on_end,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

void conn_new(struct http *h, struct stream *s, const char *peer)
{
    struct conn *c = mem_new(sizeof *c);
    c->http = h;
    c->stream = s;
    buf_init(&c->in, IN_MAX);
    buf_init(&c->out, LIMIT_HTTP_REPLY);
    list_init(&c->kept);
    list_init(&c->resting);
    str_copy(c->peer, sizeof c->peer, str_of(peer));
    list_push(&h->conns, &c->link);
    h->n_open++;
    h->stats.connections_total++;
    stream_own(s, &events, c);
    if (++h->stats.connections_now <= LIMIT_HTTP_CONNECTIONS) {
        drive(c, STR_NONE);
        return;
    }
    struct err e;
    err_set(&e, ERR_AGAIN, "there are already %d connections", LIMIT_HTTP_CONNECTIONS);
    if (h->stats.connections_now > LIMIT_HTTP_CONNECTIONS + OVERFLOW) conn_close(c);
    else conn_refuse(c, &e);
}
