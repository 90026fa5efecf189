/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds (feed.h) that are told over one WebSocket, each in its turn: what a client has room for is shared out frame by frame, so
 * that a feed with much to tell holds up no other. Nothing is queued for a client: a feed is read when there is room for a frame.
 *
 *   waiting ──the feed is ready──▶ ready ──its turn, and room──▶ tell: one frame ──▶ ready, behind the others
 *                                                                  └── nothing to tell now ──▶ waiting
 */
#ifndef API_WS_FEEDS_H
#define API_WS_FEEDS_H

#include "api/feed.h"
#include "http/ws.h"

#define WS_FEEDS_FRAME (LIMIT_EVENTS * 4) /* bytes of a frame: an event that fits into the ring, escaped again */
#define WS_FEEDS_TURN 64 /* frames told in one turn: others have their turn between */

struct ws_feeds;

struct ws_feed {
    struct feed feed;
    struct ws_feeds *of;
    struct list link, ready;
};

struct ws_feeds {
    struct ws *ws; /* NULL: not accepted yet, nothing is told */
    struct turn *turn;
    struct list all, ready;
    size_t n;
    struct later more;
    /* Sends at most one frame. False: it has nothing more to tell at this moment, or is not there any more. */
    bool (*tell)(struct ws_feed *f);
};

void ws_feeds_init(struct ws_feeds *s, struct turn *turn, bool (*tell)(struct ws_feed *f));
/* No feed may be left. */
void ws_feeds_release(struct ws_feeds *s);
/* f->feed: set as feed_open wants it, but for on_ready. `id`, `last`: as feed_open. */
void ws_feeds_open(struct ws_feeds *s, struct ws_feed *f, const struct id *id, struct str last);
void ws_feeds_close(struct ws_feed *f);
void ws_feeds_ready(struct feed *f); /* on_ready of each: for who has put one of its own before it */
void ws_feeds_pump(struct ws_feeds *s); /* there is room */
/* One frame; there is room for it. Releases `b`. */
void ws_feeds_send(struct ws_feeds *s, struct buf *b);

#endif
