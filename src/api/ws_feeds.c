/* SPDX-License-Identifier: Apache-2.0
 *
 * See ws_feeds.h.
 */
#include "api/ws_feeds.h"

#include <assert.h>

void ws_feeds_init(struct ws_feeds *s, struct turn *turn, bool (*tell)(struct ws_feed *f))
{
    *s = (struct ws_feeds){.turn = turn, .tell = tell};
    list_init(&s->all);
    list_init(&s->ready);
    list_init(&s->more.link);
}

void ws_feeds_release(struct ws_feeds *s)
{
    assert(s->n == 0);
    turn_later_cancel(&s->more);
}

static void on_more(struct later *l) { ws_feeds_pump(CONTAINER_OF(l, struct ws_feeds, more)); }

void ws_feeds_pump(struct ws_feeds *s)
{
    for (int n = 0; s->ws && ws_has_room(s->ws) && !list_empty(&s->ready); n++) {
        if (n == WS_FEEDS_TURN) {
            turn_next(s->turn, &s->more, on_more);
            return;
        }
        struct ws_feed *f = CONTAINER_OF(list_shift(&s->ready), struct ws_feed, ready);
        if (s->tell(f)) list_push(&s->ready, &f->ready);
    }
}

void ws_feeds_ready(struct feed *feed)
{
    struct ws_feed *f = CONTAINER_OF(feed, struct ws_feed, feed);
    if (list_empty(&f->ready)) list_push(&f->of->ready, &f->ready);
    ws_feeds_pump(f->of);
}

void ws_feeds_open(struct ws_feeds *s, struct ws_feed *f, const struct id *id, struct str last)
{
    f->of = s;
    f->feed.on_ready = ws_feeds_ready;
    list_init(&f->ready);
    list_push(&s->all, &f->link);
    list_push(&s->ready, &f->ready);
    s->n++;
    feed_open(&f->feed, id, last);
}

void ws_feeds_close(struct ws_feed *f)
{
    feed_close(&f->feed);
    list_remove(&f->link);
    list_remove(&f->ready);
    f->of->n--;
}

void ws_feeds_send(struct ws_feeds *s, struct buf *b)
{
    int rc = 0;
    if (buf_err(b)) ws_close(s->ws, WS_INTERNAL, STR("a frame cannot be made"));
    else rc = ws_send(s->ws, buf_str(b));
    (void)rc; /* whether there is room for more ws_has_room says, that the client has gone on_closed */
    buf_release(b);
}
