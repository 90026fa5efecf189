/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of ws.h. What is sent from inside the connection's drive() waits for its end, as answers do: one write for
 * all that a read brought. From outside it is written at once, head and payload together.
 *
 * `sending` of the connection and `full` of the ws are not the same: a pong may be what the kernel did not take, of
 * which the API knows nothing. Then its next message is queued behind, and that one is told ERR_AGAIN.
 */
#include "http/ws.h"

#include "base/limits.h"
#include "base/mem.h"
#include "http/conn.h"
#include "http/inside.h"
#include "http/ws_handshake.h"
#include "http/ws_inside.h"

#include <assert.h>
#include <stdlib.h>

static int64_t now_ms(const struct ws *w) { return turn_mono_ms(w->turn); }

static void on_over(struct later *l)
{
    struct ws *w = CONTAINER_OF(l, struct ws, later);
    w->events->on_closed(w, w->code);
    ws_reader_release(&w->reader);
    free(w);
}

/* Lets go of the connection. The ws lives until on_closed: whoever is in one of its calls may look at it. */
static void end(struct ws *w, int code)
{
    struct http *h = w->conn->http;
    h->stats.websockets_now--;
    h->body_bytes -= w->counted;
    w->conn->ws = NULL;
    w->conn = NULL;
    w->state = WS_STATE_OVER;
    w->code = code;
    turn_later_cancel(&w->later);
    turn_later(w->turn, &w->later, on_over);
}

void ws_gone(struct ws *w) { end(w, WS_ABNORMAL); }

/* What was put into c->out: goes with the end of drive(), or now. */
static void flush(struct conn *c)
{
    if (!c->driving && conn_send(c, STR_NONE, NULL)) conn_set_deadline(c);
}

/* The closing handshake is done, or there will be none: what is in c->out is the last that is sent. */
static void finish(struct ws *w, int code)
{
    struct conn *c = w->conn;
    c->state = CONN_LAST;
    end(w, code);
}

static void fail(struct ws *w, int code, const char *why)
{
    if (w->state == WS_STATE_OPEN) {
        conn_open_out(w->conn);
        ws_frame_close(&w->conn->out, code, str_of(why));
    }
    finish(w, code);
}

void ws_close(struct ws *w, int code, struct str reason)
{
    assert(ws_frame_may_say(code));
    if (w->state != WS_STATE_OPEN) return;
    struct conn *c = w->conn;
    w->state = WS_STATE_CLOSING;
    w->since_ms = now_ms(w);
    conn_open_out(c);
    ws_frame_close(&c->out, code, reason);
    flush(c);
}

int ws_send(struct ws *w, struct str text)
{
    if (w->state != WS_STATE_OPEN) return ERR_AWAY;
    assert(!w->full);
    struct conn *c = w->conn;
    c->http->stats.messages_out++;
    conn_open_out(c);
    ws_frame_head(&c->out, WS_OP_TEXT, text.len);
    if (c->driving && !c->sending && c->out.len + text.len < CONN_BATCH) {
        buf_add_str(&c->out, text);
        return 0;
    }
    if (!conn_send(c, text, NULL)) return ERR_AWAY;
    if (!c->sending) return 0;
    w->full = true;
    conn_set_deadline(c);
    return ERR_AGAIN;
}

bool ws_has_room(const struct ws *w) { return w->state == WS_STATE_OPEN && !w->full; }

void *ws_user(const struct ws *w) { return w->user; }

const char *ws_protocol(const struct ws *w) { return w->protocol; }

/* ---- what comes ---- */

/* The message that is arriving counts with all request bodies. */
static bool count_message(struct ws *w)
{
    struct http *h = w->conn->http;
    size_t bytes = w->reader.message.cap;
    bool fits = bytes <= w->counted || h->body_bytes - w->counted + bytes <= LIMIT_HTTP_BODIES;
    h->body_bytes += bytes - w->counted;
    w->counted = bytes;
    return fits;
}

static void on_text(struct ws *w)
{
    w->conn->steps++;
    w->conn->http->stats.messages_in++;
    if (w->state == WS_STATE_OPEN) w->events->on_message(w, ws_reader_text(&w->reader));
    ws_reader_next(&w->reader);
    if (w->conn) count_message(w); /* less than before: it fits */
}

static void on_ping(struct ws *w)
{
    struct conn *c = w->conn;
    c->steps++;
    if (w->state != WS_STATE_OPEN) return;
    conn_open_out(c);
    ws_frame_control(&c->out, WS_OP_PONG, ws_reader_control(&w->reader));
}

static void on_close(struct ws *w)
{
    if (w->state == WS_STATE_OPEN) {
        conn_open_out(w->conn);
        ws_frame_close(&w->conn->out, w->reader.code, STR_NONE);
    }
    finish(w, w->reader.code);
}

static bool take(struct ws *w, struct str *in)
{
    struct ws_reader *r = &w->reader;
    bool within = ws_reader_is_within(r);
    enum ws_what what = ws_reader_take(r, in);
    if (!within && w->state == WS_STATE_OPEN) w->since_ms = now_ms(w);
    if (!count_message(w)) {
        fail(w, WS_TRY_LATER, "too many large messages are arriving at this moment");
        return true;
    }
    switch (what) {
    case WS_MORE: return false;
    case WS_TEXT: on_text(w); return true;
    case WS_PING: on_ping(w); return true;
    case WS_PONG: w->conn->steps++; return true;
    case WS_CLOSE: on_close(w); return true;
    case WS_BROKEN: fail(w, r->code, r->why); return true;
    }
    return false;
}

bool ws_step(struct ws *w, struct str *in)
{
    struct conn *c = w->conn;
    if (c->sending) return false;
    if (c->http->draining && w->state == WS_STATE_OPEN) {
        ws_close(w, WS_GOING_AWAY, STR("the server is stopping"));
        return true;
    }
    if (w->full && w->state == WS_STATE_OPEN) {
        w->full = false;
        w->events->on_room(w);
        return true;
    }
    if (in->len == 0 || c->steps >= SHARE_STEPS) return false;
    w->heard_ms = now_ms(w);
    return take(w, in);
}

/* ---- time ---- */

void ws_drained(struct ws *w)
{
    w->heard_ms = w->since_ms = now_ms(w);
    w->ping_ms = w->heard_ms + LIMIT_WS_PING_MS;
}

static int64_t given_up_ms(const struct ws *w) { return w->heard_ms + LIMIT_WS_SILENT_MS; }

static int64_t message_ms(const struct ws *w)
{
    return ws_reader_is_within(&w->reader) ? w->since_ms + LIMIT_WS_MESSAGE_MS : INT64_MAX;
}

int64_t ws_deadline(const struct ws *w)
{
    if (w->state == WS_STATE_CLOSING) return w->since_ms + LIMIT_WS_CLOSE_MS;
    int64_t at = given_up_ms(w) < message_ms(w) ? given_up_ms(w) : message_ms(w);
    return w->ping_ms < at ? w->ping_ms : at;
}

void ws_due(struct ws *w)
{
    struct conn *c = w->conn;
    int64_t now = now_ms(w);
    if (now < ws_deadline(w)) {
        conn_set_deadline(c);
        return;
    }
    if (w->state == WS_STATE_CLOSING || now >= given_up_ms(w)) {
        conn_close(c);
        return;
    }
    if (now >= message_ms(w)) {
        fail(w, WS_POLICY, "a message took too long to arrive");
        conn_go_on(c);
        return;
    }
    w->ping_ms = now + LIMIT_WS_PING_MS;
    conn_open_out(c);
    ws_frame_control(&c->out, WS_OP_PING, STR_NONE);
    flush(c);
}

/* ---- the upgrade ---- */

static void on_go_on(struct later *l)
{
    struct ws *w = CONTAINER_OF(l, struct ws, later);
    conn_go_on(w->conn);
}

static void write_head(struct conn *c, const struct request *q, const struct ws_handshake *shake)
{
    struct http *h = c->http;
    conn_open_out(c);
    ws_handshake_head(&c->out, shake);
    reply_stamp_set(&h->stamp, turn_wall_ms(h->turn), h->conf.server_name);
    buf_add(&c->out, h->stamp.text, h->stamp.len);
    buf_add_format(&c->out, "X-Request-Id: %s\r\n\r\n", q->pub.request_id);
}

static struct ws *make(struct conn *c, const struct ws_conf *conf, const struct ws_handshake *shake)
{
    struct ws *w = mem_new(sizeof *w);
    w->events = conf->events;
    w->user = conf->user;
    w->protocol = shake->protocol;
    w->conn = c;
    w->turn = c->http->turn;
    list_init(&w->later.link);
    ws_reader_init(&w->reader);
    ws_drained(w);
    c->ws = w;
    c->http->stats.websockets_total++;
    c->http->stats.websockets_now++;
    return w;
}

int ws_check(struct http_request *r, const struct ws_conf *conf, struct err *e, const struct http_header **ret_headers, size_t *ret_n)
{
    struct ws_handshake shake;
    int err = ws_handshake_read(&shake, r, request_of(r)->framing.http10, conf, e);
    *ret_headers = ws_handshake_headers(err, ret_n);
    return err;
}

struct ws *ws_accept(struct http_request *r, const struct ws_conf *conf, int *ret_status)
{
    struct request *q = request_of(r);
    struct conn *c = q->conn;
    struct ws_handshake shake;
    struct err e;
    assert(q->outflow.state == OUTFLOW_NONE);
    *ret_status = 0;
    if (!c) {
        request_answered(q);
        request_free(q);
        return NULL;
    }
    int rc = ws_handshake_read(&shake, r, q->framing.http10, conf, &e);
    if (rc == 0 && c->http->draining) rc = err_set(&e, ERR_DRAINING, "the server is stopping");
    if (rc == 0 && c->cut) rc = err_set(&e, ERR_AGAIN, "frames that came before the answer could not be kept");
    if (rc < 0) {
        *ret_status = err_http_status(e.code);
        ws_handshake_refuse(r, &e);
        return NULL;
    }
    *ret_status = 101;
    request_answered(q);
    write_head(c, q, &shake);
    struct ws *w = make(c, conf, &shake);
    c->request = NULL;
    c->state = CONN_WS;
    request_free(q);
    if (c->driving) return w;
    turn_later(w->turn, &w->later, on_go_on); /* what came behind the request is not read from inside this call */
    flush(c);
    return w;
}
