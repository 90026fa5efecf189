/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_ws.h. With the handshake the request goes, and a reload may take its route away: what mappings name is kept apart.
 */
#include "api/route_ws.h"

#include "api/route_answer.h"
#include "api/route_call.h"
#include "api/route_filter.h"
#include "api/route_notices.h"
#include "api/route_serial.h"
#include "api/ws_feeds.h"
#include "base/mem.h"
#include "server/config_table.h"
#include "server/config_copy.h"

#include <stdlib.h>

struct pushing {
    struct call *asked;        /* its answer is the handshake, or a refusal; NULL: it was answered */
    struct call call;          /* what is left of it, for mappings, with the next three */
    struct http_request req;   /* its arena: for one message */
    struct route_call through;
    struct arena arena;        /* what those point to */
    struct ws_feeds feeds;
    struct ws_feed told;       /* the only one */
    bool notices;              /* notifications are told, not tasks */
};

static void release(struct pushing *p)
{
    if (p->feeds.n) ws_feeds_close(&p->told);
    ws_feeds_release(&p->feeds);
    arena_release(&p->req.arena);
    arena_release(&p->arena);
    free(p);
}

/* ---- what is kept of the request ---- */

static struct str keep_str(struct pushing *p, struct str s) { return s.p ? arena_str(&p->arena, s) : s; }

static void keep_route(struct pushing *p, const struct route_call *from)
{
    struct route_call *t = &p->through;
    *t = (struct route_call){.conf = from->conf};
    config_copy_deep(&p->arena, &config_table_route, &t->conf);
    t->verb = config_routes_verb(&t->conf, &t->value);
    t->path.n = route_path_read(&t->path, str_of(t->conf.path), NULL) == 0 ? from->path.n : 0;
    for (size_t i = 0; i < t->path.n; i++) t->values[i] = keep_str(p, from->values[i]);
    for (size_t i = 0; i < DEPTH_WORDS; i++) t->words[i] = keep_str(p, from->words[i]);
}

static void keep(struct pushing *p, const struct call *c)
{
    const struct http_request *r = c->req;
    size_t n = c->query.n;
    p->req.headers = arena_alloc(&p->arena, (r->n_headers + 1) * sizeof *r->headers);
    for (size_t i = 0; i < r->n_headers; i++)
        p->req.headers[i] = (struct http_header){keep_str(p, r->headers[i].name), keep_str(p, r->headers[i].value)};
    p->req.n_headers = r->n_headers;
    p->call = (struct call){.api = c->api, .req = &p->req, .through = &p->through};
    p->call.query.pairs = arena_alloc(&p->arena, (n + 1) * sizeof *c->query.pairs);
    for (size_t i = 0; i < n; i++)
        p->call.query.pairs[i] = (struct query_pair){keep_str(p, c->query.pairs[i].name), keep_str(p, c->query.pairs[i].value)};
    p->call.query.n = n;
    keep_route(p, c->through);
}

static void keep_filter(struct pushing *p, const struct store_filter *f)
{
    struct store_filter *own = &p->told.feed.listener.filter;
    *own = (struct store_filter){keep_str(p, f->type), keep_str(p, f->queue), keep_str(p, f->subject), .n_tags = f->n_tags};
    for (size_t i = 0; i < f->n_tags; i++) own->tags[i] = (struct task_tag){keep_str(p, f->tags[i].key), keep_str(p, f->tags[i].value)};
}

/* ---- telling ---- */

/* The object as the route shows it, for its root. */
static int show(struct pushing *p, const struct feed_item *it, struct buf *shown)
{
    const char *state;
    if (!p->notices) return route_answer_task(&p->call, shown, it->data, &state);
    route_notices_show(&p->call, shown, it->data);
    return buf_err(shown);
}

static void push(struct pushing *p, const struct feed_item *it)
{
    struct call *c = &p->call;
    const char *otherwise = p->notices ? "\"notification\"" : "\"task\"";
    struct buf shown = call_buf(c), event = call_buf(c), made;
    struct err e = {0};
    buf_init(&made, WS_FEEDS_FRAME);
    json_write_open(&event, '{');
    json_write_member_text(&event, "name", it->word);
    json_write_member_text(&event, "id", it->id);
    json_write_close(&event, '}');
    int err = show(p, it, &shown);
    const struct mapping_root roots[2] = {{p->notices ? STR("notification") : STR("task"), buf_str(&shown)}, {STR("event"), buf_str(&event)}};
    if (!err) err = route_call_make(c, p->through.conf.reply ? p->through.conf.reply : otherwise, roots, 2, &made, &e);
    buf_release(&shown);
    buf_release(&event);
    arena_clear(&p->req.arena);
    if (!err) ws_feeds_send(&p->feeds, &made);
    else ws_close(p->feeds.ws, WS_INTERNAL, STR("the message of this route cannot be made"));
    buf_release(&made);
}

static void close_for(struct pushing *p, const struct feed *f)
{
    if (f->state == FEED_MISSING) ws_close(p->feeds.ws, WS_NORMAL, STR("the task is not there any more"));
    else if (f->state == FEED_FAILED) ws_close(p->feeds.ws, WS_TRY_LATER, STR("the store did not answer"));
    else if (f->state == FEED_OVER && f->listener.over) ws_close(p->feeds.ws, WS_GOING_AWAY, STR("the server is stopping"));
}

static bool is_said_while_running(const char *word)
{
    int kind = bus_kind_of(str_of(word));
    return kind >= 0 && (BUS_BIT((enum bus_kind)kind) & BUS_WORDY);
}

static bool tell(struct ws_feed *told)
{
    struct pushing *p = CONTAINER_OF(told, struct pushing, told);
    struct feed *f = &told->feed;
    struct feed_item it;
    if (!feed_read(f, &it)) {
        close_for(p, f);
        return false;
    }
    if (f->state == FEED_OVER) {
        ws_close(p->feeds.ws, WS_NORMAL, STR("the task has ended"));
        return false;
    }
    if (!f->listener.one && strcmp(it.word, "reset") == 0) {
        ws_close(p->feeds.ws, WS_TRY_LATER, STR("some changes are missing: come again, and read how things stand"));
        return false;
    }
    if (!is_said_while_running(it.word)) push(p, &it);
    return true;
}

/* ---- its life ---- */

static void on_message(struct ws *w, struct str text) { (void)w, (void)text; } /* there is nothing to ask for */

static void on_room(struct ws *w) { ws_feeds_pump(&((struct pushing *)ws_user(w))->feeds); }

static void on_closed(struct ws *w, int code)
{
    (void)code;
    release(ws_user(w));
}

static const struct ws_events events = {on_message, on_room, on_closed};

static void accept_ws(struct pushing *p)
{
    const struct ws_conf conf = {.events = &events, .user = p};
    struct call *c = p->asked;
    p->asked = NULL;
    p->feeds.ws = call_upgrade(c, &conf);
    if (p->feeds.ws) ws_feeds_pump(&p->feeds);
    else release(p);
}

static void on_gone(struct http_request *r) { release(r->user); }

static void on_ready(struct feed *f)
{
    struct pushing *p = CONTAINER_OF(f, struct pushing, told.feed);
    struct call *c = p->asked;
    enum feed_state state = f->state;
    if (!c) {
        ws_feeds_ready(f);
        return;
    }
    http_set_on_gone(c->req, NULL);
    if (state == FEED_TELLING || state == FEED_ENDING) {
        accept_ws(p);
        return;
    }
    release(p);
    if (state == FEED_MISSING) call_store_failed(c, ERR_NOT_FOUND);
    else if (state == FEED_OVER) call_refuse(c, ERR_DRAINING, "the server is stopping; come again when it is back");
    else call_store_failed(c, ERR_STORE);
}

static void start(struct call *c, const struct id *id, const struct store_filter *filter)
{
    if (c->api->server->news.bus.n_listeners >= LIMIT_LISTENERS) {
        call_refuse(c, ERR_AGAIN, "%d streams listen already; try again later", LIMIT_LISTENERS);
        return;
    }
    const struct ws_conf conf = {.events = &events};
    const struct http_header *headers;
    struct err e;
    size_t n;
    if (ws_check(c->req, &conf, &e, &headers, &n)) {
        call_problem_with(c, &e, headers, n, STR_NONE);
        return;
    }
    struct pushing *p = mem_new(sizeof *p);
    *p = (struct pushing){.asked = c, .told.feed = {.api = c->api, .listener.kinds = BUS_OF_TASK & ~BUS_WORDY}};
    p->notices = strcmp(c->through->value, "\"notifications\"") == 0;
    if (p->notices) p->told.feed.listener.kinds = BUS_BIT(BUS_NOTIFICATION);
    keep(p, c);
    keep_filter(p, filter);
    ws_feeds_init(&p->feeds, c->api->server->turn, tell);
    ws_feeds_open(&p->feeds, &p->told, id, STR_NONE);
    p->told.feed.on_ready = on_ready;
    c->req->user = p;
    if (id) http_set_on_gone(c->req, on_gone);
    else accept_ws(p);
}

static void of_task(struct call *c)
{
    struct id id;
    if (!call_id(c, &id)) start(c, &id, &(struct store_filter){0});
}

static void of_filter(struct call *c)
{
    struct store_filter f = {0};
    if (c->through->value[0] == '{' && route_filter_read(c, &f, NULL, NULL)) return;
    start(c, NULL, &f);
}

void route_ws(struct call *c)
{
    const struct route_call *t = c->through;
    if (!config_routes_is_source(t->value)) of_filter(c);
    else if (route_call_text(c, "ws", t->value, &c->params[0])) return;
    else if (!c->params[0].p) call_refuse(c, ERR_NOT_FOUND, "the request names no task");
    else if (t->conf.serial) route_serial_to(c, of_task);
    else of_task(c);
}
