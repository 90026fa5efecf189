/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of outflow.h. The head waits in the connection's `out` for the first piece: often one write is all.
 */
#include "http/outflow.h"

#include "http/conn.h"
#include "http/inside.h"

#include <assert.h>

static void tell(struct request *q, enum outflow_state next)
{
    q->outflow.state = next;
    q->outflow.on_room(&q->pub);
}

bool outflow_step(struct request *q, bool sending)
{
    if (q->outflow.state != OUTFLOW_FULL || sending) return false;
    tell(q, OUTFLOW_OPEN);
    return true;
}

void outflow_gone(struct request *q)
{
    if (q->outflow.state == OUTFLOW_OPEN || q->outflow.state == OUTFLOW_FULL) tell(q, OUTFLOW_GONE);
}

void outflow_begin(struct request *q, const struct http_reply *head, int64_t length,
                   void (*on_room)(struct http_request *r))
{
    struct outflow *o = &q->outflow;
    assert(o->state == OUTFLOW_NONE && !q->on_gone);
    *o = (struct outflow){.state = OUTFLOW_OPEN, .on_room = on_room};
    o->headless = !reply_has_body(head) || str_eq(q->pub.method, STR("HEAD"));
    o->chunked = length < 0 && !q->framing.http10;
    o->to_close = length < 0 && q->framing.http10;
    o->left = length < 0 ? 0 : (uint64_t)length;
    if (!q->conn) return;
    struct conn *c = q->conn;
    o->last = conn_is_last(c, q) || head->close || (o->to_close && !o->headless);
    conn_head(c, q, head, length >= 0 ? length : o->chunked ? REPLY_CHUNKED : REPLY_TO_CLOSE, o->last);
}

static struct str framed(struct conn *c, const struct outflow *o, struct str bytes)
{
    if (!o->chunked || bytes.len == 0) return bytes; /* an empty chunk would be the end */
    buf_add_format(&c->out, "%zx\r\n", bytes.len);
    buf_add_str(&c->out, bytes);
    buf_add_str(&c->out, STR("\r\n"));
    return STR_NONE;
}

int outflow_more(struct request *q, struct str bytes)
{
    struct outflow *o = &q->outflow;
    assert(o->state == OUTFLOW_OPEN || o->state == OUTFLOW_GONE);
    if (!q->conn) {
        o->state = OUTFLOW_GONE;
        return ERR_AWAY;
    }
    if (o->headless || (bytes.len == 0 && q->conn->out.len == 0)) return 0;
    assert(o->chunked || o->to_close || bytes.len <= o->left);
    if (!o->chunked && !o->to_close) o->left -= bytes.len;
    struct conn *c = q->conn;
    conn_open_out(c);
    if (!conn_send(c, framed(c, o, bytes), NULL)) {
        o->state = OUTFLOW_GONE;
        return ERR_AWAY;
    }
    if (!c->sending) return 0;
    o->state = OUTFLOW_FULL;
    conn_set_deadline(c);
    return ERR_AGAIN;
}

void outflow_end(struct request *q)
{
    struct outflow *o = &q->outflow;
    struct conn *c = q->conn;
    assert(o->state != OUTFLOW_NONE);
    if (!c) {
        request_free(q);
        return;
    }
    if (o->left && !o->headless) {
        outflow_abort(q);
        return;
    }
    conn_open_out(c);
    if (o->chunked && !o->headless) buf_add_str(&c->out, STR("0\r\n\r\n"));
    conn_answered(c, q, o->last || conn_is_last(c, q) || intake_is_unread(q));
}

void outflow_abort(struct request *q)
{
    struct conn *c = q->conn;
    assert(q->outflow.state != OUTFLOW_NONE || q->intake.state != INTAKE_NONE);
    if (c) conn_abort(c, q->outflow.to_close);
    request_free(q);
}
