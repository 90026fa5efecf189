/* SPDX-License-Identifier: Apache-2.0
 *
 * Without it one connection that pipelines as fast as it can has its 64 KiB of requests answered at every read, and
 * libuv reads 32 times in a row: a third of a second in which nobody else is heard.
 */
#include "http/share.h"

#include "http/conn.h"
#include "http/inside.h"

void share_init(struct share *s)
{
    list_init(&s->resting);
    list_init(&s->next.link);
}

void share_release(struct share *s) { turn_later_cancel(&s->next); }

bool share_is_resting(const struct conn *c) { return !list_empty(&c->resting); }

void share_leave(struct conn *c) { list_remove(&c->resting); }

static void on_next(struct later *l)
{
    struct share *s = CONTAINER_OF(l, struct share, next);
    struct http *h = CONTAINER_OF(s, struct http, share);
    struct list round;
    list_init(&round);
    list_splice(&round, &s->resting);
    for (unsigned used = 0; used < SHARE_TURN && !list_empty(&round);) {
        struct conn *c = CONTAINER_OF(list_shift(&round), struct conn, resting);
        conn_go_on(c);
        used += c->steps > SHARE_READ ? c->steps : SHARE_READ; /* one that was closed is freed later, not here */
    }
    list_splice(&round, &s->resting); /* those that rest again stand behind those that still do */
    list_splice(&s->resting, &round);
    if (!list_empty(&s->resting)) turn_next(h->turn, &s->next, on_next);
}

void share_rest(struct conn *c)
{
    struct http *h = c->http;
    if (share_is_resting(c)) return;
    list_push(&h->share.resting, &c->resting);
    turn_next(h->turn, &h->share.next, on_next);
}
