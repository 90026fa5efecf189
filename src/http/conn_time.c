/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a connection may stay as it is. Each state has its limit; a client that is too slow with its request is told
 * so, one that does not take its answer is closed.
 */
#include "base/limits.h"
#include "http/conn.h"
#include "http/inside.h"
#include "http/ws_inside.h"
#include "loop/stream.h"

static int64_t now_ms(const struct conn *c) { return turn_mono_ms(c->http->turn); }

/* Neither silent nor, on the whole, slower than the common room for bodies can bear. */
static int64_t body_deadline(const struct conn *c)
{
    int64_t silent = now_ms(c) + LIMIT_HTTP_BODY_MS;
    int64_t arrived_ms = (int64_t)c->request->body.data.len * 1000 / LIMIT_HTTP_RATE;
    int64_t slow = c->since_ms + LIMIT_HTTP_BODY_MS + arrived_ms;
    return slow < silent ? slow : silent;
}

static bool is_asked_for(const struct conn *c)
{
    return c->state == CONN_HELD && c->request->intake.state == INTAKE_ASKED;
}

/* Pure but for the clock: when has this state lasted too long? */
static int64_t deadline(const struct conn *c)
{
    if (c->sending) return now_ms(c) + LIMIT_HTTP_SEND_MS;
    switch (c->state) {
    case CONN_WAIT: return now_ms(c) + LIMIT_HTTP_IDLE_MS;
    case CONN_HEAD: return c->since_ms + LIMIT_HTTP_HEADER_MS;
    case CONN_BODY: return body_deadline(c);
    case CONN_LINGER: return c->since_ms + LIMIT_HTTP_LINGER_MS;
    case CONN_HELD: return is_asked_for(c) ? intake_deadline(c->request, now_ms(c)) : INT64_MAX;
    case CONN_WS: return ws_deadline(c->ws);
    case CONN_LAST:
    case CONN_CLOSED: return INT64_MAX;
    }
    return INT64_MAX;
}

static void on_due(struct timer *t);

/* Cheap on purpose: a deadline that moves later leaves the timer where it is, and on_due() looks again. */
void conn_set_deadline(struct conn *c)
{
    c->deadline_ms = deadline(c);
    if (c->deadline_ms == INT64_MAX) return;
    if (timer_is_set(&c->timer) && c->timer.due_at_ms <= c->deadline_ms) return;
    timer_set(&c->http->turn->timers, &c->timer, c->deadline_ms, on_due);
}

static void too_slow(struct conn *c)
{
    struct err e;
    err_set(&e, ERR_SLOW,
            c->state == CONN_HEAD ? "the head of the request did not arrive within %d ms"
                                  : "nothing of the request's body arrived for %d ms, or less than %d bytes a second",
            c->state == CONN_HEAD ? LIMIT_HTTP_HEADER_MS : LIMIT_HTTP_BODY_MS, LIMIT_HTTP_RATE);
    if (!is_asked_for(c)) {
        conn_refuse(c, &e);
        return;
    }
    intake_fail(c->request, &e);
    if (c->state != CONN_CLOSED) conn_set_deadline(c);
}

static void on_due(struct timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, timer);
    if (c->deadline_ms == INT64_MAX) return; /* the next deadline sets the timer again */
    if (now_ms(c) < c->deadline_ms) {
        timer_set(&c->http->turn->timers, t, c->deadline_ms, on_due);
        return;
    }
    size_t unseen = c->sending ? stream_unseen(c->stream) : 0;
    size_t enough = (size_t)LIMIT_HTTP_RATE * (LIMIT_HTTP_SEND_MS / 1000);
    if (c->sending && unseen < c->watched && c->watched - unseen >= enough) { /* it reads */
        c->watched = unseen;
        conn_set_deadline(c);
        return;
    }
    if (!c->sending && c->state == CONN_WS) {
        ws_due(c->ws);
        return;
    }
    if (!c->sending && (c->state == CONN_HEAD || c->state == CONN_BODY || is_asked_for(c))) too_slow(c);
    else conn_close(c);
}
