/* SPDX-License-Identifier: Apache-2.0
 *
 * GET /v1/ws: what happens to tasks, over a WebSocket of the subprotocol bide.v1. A client has any number of subscriptions, each
 * told as its event stream would be.
 *
 *   (none) ──subscribe──▶ asked ──its feed has the first word──▶ "subscribed" ──▶ telling ──"end"──▶ (none)
 *                           └── no such task, the store fails, the server stops: "error" ──▶ (none) ◀──┘ likewise
 *   telling ── unsubscribe ──▶ "unsubscribed" ──▶ (none)
 *   asked ── unsubscribe ──▶ "unsubscribed" ──▶ leaving: it counts until the store has answered ──▶ (none)
 *
 * One frame at most answers a message, and it is read only while there is room for that; all else is told when there is room.
 */
#include "api/call.h"
#include "api/ws_feeds.h"
#include "api/ws_message.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

static void accept_ws(struct call *c);

const struct route ws_routes[] = {
    {"GET", "/v1/ws", " ", accept_ws},
    {0},
};

struct session {
    struct api *api;
    struct ws_feeds feeds;
    int errors; /* in a row */
};

struct subscription {
    struct ws_feed told;
    struct arena arena; /* its id, its filter */
    struct str id;
    bool begun;         /* "subscribed" was said */
    bool leaving;       /* "unsubscribed" was */
};

static struct session *session_of(const struct ws_feed *f) { return CONTAINER_OF(f->of, struct session, feeds); }

/* ---- frames ---- */

static void open_frame(struct buf *b, const char *op)
{
    buf_init(b, WS_FEEDS_FRAME);
    json_write_open(b, '{');
    json_write_member_text(b, "op", op);
}

static void send_frame(struct session *s, struct buf *b)
{
    json_write_close(b, '}');
    ws_feeds_send(&s->feeds, b);
}

static void send_error(struct session *s, struct str id, const struct err *e)
{
    struct buf b;
    open_frame(&b, "error");
    json_write_key(&b, "id");
    if (id.p) json_write_str(&b, id);
    else json_write_null(&b);
    json_write_member_text(&b, "code", err_word(e->code));
    json_write_member_text(&b, "message", e->text[0] ? e->text : err_text(e->code));
    json_write_member_text(&b, "pointer", e->pointer[0] ? e->pointer : NULL);
    send_frame(s, &b);
}

static void send_word(struct session *s, const char *op, struct str id)
{
    struct buf b;
    open_frame(&b, op);
    if (id.p) json_write_member_str(&b, "id", id);
    send_frame(s, &b);
}

/* ---- a subscription ---- */

static void end_subscription(struct subscription *u)
{
    ws_feeds_close(&u->told);
    arena_release(&u->arena);
    free(u);
}

static struct subscription *find(const struct session *s, struct str id)
{
    LIST_EACH(it, &s->feeds.all)
    {
        struct subscription *u = CONTAINER_OF(it, struct subscription, told.link);
        if (!u->leaving && str_eq(u->id, id)) return u;
    }
    return NULL;
}

static void fail(struct subscription *u)
{
    const struct feed *f = &u->told.feed;
    struct err e = {0};
    if (f->state == FEED_MISSING) (void)err_set_at(&e, ERR_NOT_FOUND, "/task", "there is no task with this id");
    else if (f->state == FEED_FAILED) (void)err_set(&e, ERR_STORE, "the store did not answer; try again later");
    else (void)err_set(&e, ERR_DRAINING, "the server is stopping; come again when it is back");
    send_error(session_of(&u->told), u->id, &e);
    end_subscription(u);
}

static void send_subscribed(struct subscription *u)
{
    const struct feed *f = &u->told.feed;
    struct buf b;
    char last[FEED_ID];
    bool fresh = !f->listener.one && !f->came_back;
    u->begun = true;
    open_frame(&b, "subscribed");
    json_write_member_str(&b, "id", u->id);
    if (fresh) feed_id_here(f, last);
    json_write_member_text(&b, "last", fresh ? last : NULL); /* so that it can come back before anything happened */
    send_frame(session_of(&u->told), &b);
}

static void send_event(const struct subscription *u, const struct feed_item *it)
{
    struct buf b;
    open_frame(&b, "event");
    json_write_member_str(&b, "sub", u->id);
    json_write_member_text(&b, "event", it->word);
    json_write_member_text(&b, "id", it->id);
    json_write_member_raw(&b, "data", it->data);
    send_frame(session_of(&u->told), &b);
}

static bool tell(struct ws_feed *told)
{
    struct subscription *u = CONTAINER_OF(told, struct subscription, told);
    struct feed *f = &told->feed;
    struct feed_item it;
    if (f->state == FEED_ASKING) return false;
    if (u->leaving) {
        end_subscription(u);
        return false;
    }
    if (f->state == FEED_SEEN) feed_end_again(f);
    if (!u->begun && (f->state == FEED_TELLING || f->state == FEED_ENDING)) {
        send_subscribed(u);
        return true;
    }
    if (!feed_read(f, &it)) {
        if (f->state != FEED_TELLING && f->state != FEED_ASKING) fail(u);
        return false;
    }
    send_event(u, &it);
    if (f->state != FEED_OVER) return true;
    end_subscription(u);
    return false;
}

/* ---- what the client says ---- */

static int subscribe(struct session *s, const struct ws_message *m, struct arena *a, struct err *e)
{
    const struct bus *b = &s->api->server->news.bus;
    if (find(s, m->id)) return err_set_at(e, ERR_CONFLICT, "/id", "there is a subscription of this id already");
    if (s->feeds.n >= LIMIT_WS_SUBSCRIPTIONS)
        return err_set(e, ERR_AGAIN, "a connection has at most %d subscriptions; unsubscribe, or open another", LIMIT_WS_SUBSCRIPTIONS);
    if (b->n_listeners >= LIMIT_LISTENERS) return err_set(e, ERR_AGAIN, "%d streams listen already; try again later", LIMIT_LISTENERS);
    struct subscription *u = mem_new(sizeof *u);
    *u = (struct subscription){.arena = *a, .id = m->id, .told.feed.api = s->api};
    arena_init(a);
    u->told.feed.listener.filter = m->filter.store;
    u->told.feed.listener.kinds = m->kinds ? m->kinds : BUS_ALL & ~BUS_WORDY;
    ws_feeds_open(&s->feeds, &u->told, m->one ? &m->task : NULL, m->last);
    return 0;
}

static int unsubscribe(struct session *s, const struct ws_message *m, struct err *e)
{
    struct subscription *u = find(s, m->id);
    if (!u) return err_set_at(e, ERR_NOT_FOUND, "/id", "there is no subscription of this id");
    u->leaving = true; /* it counts while the store is asked: so a connection has so many questions, and no more */
    if (u->told.feed.state != FEED_ASKING) end_subscription(u);
    send_word(s, "unsubscribed", m->id);
    return 0;
}

static int obey(struct session *s, const struct ws_message *m, struct arena *a, struct err *e)
{
    switch (m->op) {
    case WS_SUBSCRIBE: return subscribe(s, m, a, e);
    case WS_UNSUBSCRIBE: return unsubscribe(s, m, e);
    case WS_PING: send_word(s, "pong", STR_NONE); return 0;
    }
    return 0;
}

static void on_message(struct ws *w, struct str text)
{
    struct session *s = ws_user(w);
    struct ws_message m;
    struct arena a;
    struct err e = {0};
    arena_init(&a);
    int err = ws_message_read(&s->api->json, &a, text, &m, &e);
    json_trim(&s->api->json);
    if (!err) err = obey(s, &m, &a, &e);
    if (err) send_error(s, m.id, &e);
    arena_release(&a);
    s->errors = err ? s->errors + 1 : 0;
    if (s->errors >= LIMIT_WS_ERRORS) ws_close(w, WS_POLICY, STR("too many messages in a row were not understood"));
    else ws_feeds_pump(&s->feeds);
}

/* ---- its life ---- */

static void on_room(struct ws *w) { ws_feeds_pump(&((struct session *)ws_user(w))->feeds); }

static void on_closed(struct ws *w, int code)
{
    struct session *s = ws_user(w);
    (void)code;
    LIST_EACH_SAFE(it, &s->feeds.all) end_subscription(CONTAINER_OF(it, struct subscription, told.link));
    ws_feeds_release(&s->feeds);
    free(s);
}

static void accept_ws(struct call *c)
{
    static const char *const protocols[] = {"bide.v1", NULL};
    static const struct ws_events events = {on_message, on_room, on_closed};
    struct session *s = mem_new(sizeof *s);
    struct ws_conf conf = {.events = &events, .user = s, .protocols = protocols, .needs_protocol = http_header(c->req, "Sec-WebSocket-Protocol").p != NULL};
    *s = (struct session){.api = c->api};
    ws_feeds_init(&s->feeds, c->api->server->turn, tell);
    s->feeds.ws = call_upgrade(c, &conf);
    if (s->feeds.ws) return;
    ws_feeds_release(&s->feeds);
    free(s);
}
