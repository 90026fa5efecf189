/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of intake.h. 100 Continue is sent when the API asks for the first time and nothing has come yet: a request
 * that is refused by its head alone is answered before the client has sent the rest.
 */
#include "http/intake.h"

#include "base/limits.h"
#include "http/conn.h"
#include "http/inside.h"

#include <assert.h>

static void restart_clock(struct request *q)
{
    q->intake.since_ms = turn_mono_ms(q->turn);
    q->intake.came = 0;
}

void intake_open(struct request *q) { q->intake.state = INTAKE_IDLE; }

bool intake_is_unread(const struct request *q)
{
    switch (q->intake.state) {
    case INTAKE_NONE:
    case INTAKE_OVER: return false;
    case INTAKE_IDLE:
    case INTAKE_ASKED: return q->framing.has_body && !body_is_read(&q->body);
    case INTAKE_BROKEN: return true;
    }
    return true;
}

static void tell(struct request *q, enum intake_state next, struct str piece, const struct err *e)
{
    q->intake.state = next;
    q->intake.on_body(&q->pub, piece, e);
}

void intake_fail(struct request *q, const struct err *e)
{
    assert(q->intake.state == INTAKE_ASKED);
    tell(q, INTAKE_BROKEN, STR_NONE, e);
}

static void invite(struct request *q)
{
    if (!q->framing.expects_continue || q->outflow.state != OUTFLOW_NONE) return;
    q->framing.expects_continue = false;
    conn_open_out(q->conn);
    buf_add_str(&q->conn->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

bool intake_step(struct request *q, struct str *in)
{
    struct err e;
    struct str piece;
    if (q->intake.state != INTAKE_ASKED) return false;
    int rc = q->framing.has_body ? body_piece(&q->body, in, &piece, &e) : BODY_END;
    if (rc == BODY_MORE && q->http->draining) rc = err_set(&e, ERR_DRAINING, "the server is stopping");
    if (rc == BODY_MORE) {
        invite(q);
        return false;
    }
    if (rc == BODY_PIECE) {
        q->framing.expects_continue = false; /* it did not wait for it */
        q->intake.came += piece.len;
        tell(q, INTAKE_IDLE, piece, NULL);
    } else if (rc == BODY_END) {
        tell(q, INTAKE_OVER, STR_NONE, NULL);
    } else {
        intake_fail(q, &e);
    }
    return true;
}

int64_t intake_deadline(const struct request *q, int64_t now_ms)
{
    int64_t silent = now_ms + LIMIT_HTTP_BODY_MS;
    int64_t slow = q->intake.since_ms + LIMIT_HTTP_BODY_MS + (int64_t)(q->intake.came * 1000 / LIMIT_HTTP_RATE);
    return q->counted && slow < silent ? slow : silent;
}

void intake_ask(struct request *q, void (*on_body)(struct http_request *r, struct str piece, const struct err *e))
{
    assert(q->intake.state == INTAKE_IDLE && !q->on_gone);
    q->intake.state = INTAKE_ASKED;
    q->intake.on_body = on_body;
    if (!q->counted) restart_clock(q);
    request_wake(q);
}

int intake_hold(struct request *q, size_t bytes)
{
    struct http *h = q->http;
    if (!h) return 0;
    if (bytes > q->counted && !request_has_room(q, bytes, bytes)) return ERR_AGAIN;
    h->body_bytes += bytes - q->counted;
    q->counted = bytes;
    return 0;
}

void intake_let_go(struct request *q, size_t left)
{
    assert(left <= q->counted || !q->http);
    if (!q->http) return;
    q->http->body_bytes -= q->counted - left;
    q->counted = left;
    restart_clock(q);
}
