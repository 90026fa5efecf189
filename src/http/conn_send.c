/* SPDX-License-Identifier: Apache-2.0
 *
 * The sending side of a connection. An answer goes to the kernel at once, and for most of them that is all: one system
 * call, no memory of the connection's own. What the kernel does not take is queued with the stream; then the connection
 * is `sending` and reads no further request until the stream says that it is out.
 */
#include "base/limits.h"
#include "http/conn.h"
#include "http/inside.h"
#include "loop/stream.h"

static void set_sending(struct conn *c, bool sending)
{
    if (sending && !c->sending) c->http->n_sending++;
    if (!sending && c->sending) c->http->n_sending--;
    c->sending = sending;
}

/* What is queued counts until the kernel has all of it. */
static void count_queued(struct conn *c, const struct request *keep)
{
    size_t bytes = c->out.cap + (keep ? keep->pub.arena.total + keep->answer_len : 0);
    c->counted += bytes;
    c->http->answer_bytes += bytes;
}

void conn_sent(struct conn *c)
{
    c->http->answer_bytes -= c->counted;
    c->counted = 0;
    set_sending(c, false);
    for (struct list *link; (link = list_shift(&c->kept));) request_free(CONTAINER_OF(link, struct request, sending));
}

/* The memory is lent by the server: only a connection whose client reads slowly has some of its own. */
void conn_open_out(struct conn *c)
{
    struct buf *spare = &c->http->out;
    if (c->out.p || !spare->p) return;
    c->out = *spare;
    buf_init(spare, LIMIT_HTTP_REPLY);
}

static void close_out(struct conn *c)
{
    struct buf *spare = &c->http->out;
    buf_clear(&c->out);
    if (spare->p || c->out.cap > 2 * CONN_BATCH) {
        buf_release(&c->out);
        return;
    }
    *spare = c->out;
    buf_init(&c->out, LIMIT_HTTP_REPLY);
}

bool conn_send(struct conn *c, struct str body, struct request *keep)
{
    struct str parts[2] = {buf_str(&c->out), body};
    c->http->stats.bytes_out += parts[0].len + body.len;
    int64_t taken = buf_err(&c->out) ? buf_err(&c->out) : stream_try_write(c->stream, parts, 2);
    if (taken < 0) goto fail;
    size_t done = (size_t)taken;
    if (done == parts[0].len + body.len) {
        close_out(c);
        if (keep) request_free(keep);
        return true;
    }
    size_t from = done < parts[0].len ? done : parts[0].len;
    body = str_sub(body, done - from, body.len);
    if (!keep) {
        buf_add_str(&c->out, body);
        body = STR_NONE;
        if (buf_err(&c->out)) goto fail;
    }
    set_sending(c, true);
    count_queued(c, keep);
    if (stream_queue(c->stream, buf_take(&c->out), from, body) < 0) goto fail;
    c->watched = stream_unseen(c->stream);
    if (keep) list_push(&c->kept, &keep->sending);
    return true;
fail:
    if (keep) request_free(keep);
    conn_close(c);
    return false;
}
