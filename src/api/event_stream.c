/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of event_stream.h.
 */
#include "api/event_stream.h"

#include "api/call.h"
#include "api/task_json.h"

#define PIECE_FULL (32 * 1024) /* no further event is put into a piece of so much */

struct event_stream {
    struct call *call;
    struct feed feed;
    struct timer beat;
    int status;
    bool begun, full, ended;
};

static void finish(struct event_stream *s)
{
    s->ended = true;
    turn_timer_stop(s->call->api->server->turn, &s->beat);
    feed_close(&s->feed);
}

static void over(struct event_stream *s)
{
    struct http_request *r = s->call->req;
    finish(s);
    http_end(r);
}

/* ---- the format ---- */

/* A line ends at CR, LF, or both (section 9.2.5). Of a result any of them may be there: blanks of JSON. */
static void write_lines(struct buf *b, struct str data)
{
    do {
        size_t lf = str_find(data, '\n'), cr = str_find(str_sub(data, 0, lf), '\r'), end = cr < lf ? cr : lf;
        size_t both = end + 1 < data.len && data.p[end] == '\r' && data.p[end + 1] == '\n';
        buf_add_text(b, "data: ");
        buf_add_str(b, str_sub(data, 0, end));
        buf_add_text(b, "\n");
        data = end < data.len ? str_sub(data, end + 1 + both, data.len) : STR_NONE;
    } while (data.len);
}

void event_stream_write(struct buf *b, const char *id, const char *word, struct str data)
{
    buf_add_format(b, "id: %s\nevent: %s\n", id, word);
    write_lines(b, data);
    buf_add_text(b, "\n");
}

/* ---- sending ---- */

static void on_beat(struct timer *t);

/* False: the client has gone, and the stream is over. */
static bool send(struct event_stream *s, struct buf *b)
{
    int rc = buf_err(b) ? ERR_AWAY : b->len ? http_more(s->call->req, buf_str(b)) : 0;
    if (b->len) turn_timer(s->call->api->server->turn, &s->beat, EVENT_STREAM_BEAT_MS, on_beat);
    buf_release(b);
    s->full = rc == ERR_AGAIN;
    if (rc != ERR_AWAY) return true;
    over(s);
    return false;
}

static void on_beat(struct timer *t)
{
    struct event_stream *s = CONTAINER_OF(t, struct event_stream, beat);
    if (s->full) { /* it has enough to take */
        turn_timer(s->call->api->server->turn, t, EVENT_STREAM_BEAT_MS, on_beat);
        return;
    }
    struct buf b;
    buf_init(&b, 64);
    buf_add_text(&b, ":\n\n");
    (void)send(s, &b);
}

static void write_what_there_is(struct event_stream *s, struct buf *b)
{
    struct feed_item it;
    while (b->len < PIECE_FULL && feed_read(&s->feed, &it)) event_stream_write(b, it.id, it.word, it.data);
    if (s->feed.state == FEED_OVER && s->feed.listener.over) buf_add_text(b, ": the server is stopping\n\n");
}

static void pump(struct event_stream *s)
{
    while (!s->full) {
        struct buf b;
        buf_init(&b, LIMIT_EVENTS * 4);
        write_what_there_is(s, &b);
        bool more = b.len >= PIECE_FULL;
        if (!send(s, &b)) return;
        if (!more) break;
    }
    if (s->feed.state != FEED_TELLING && s->feed.state != FEED_ASKING && s->feed.state != FEED_ENDING) over(s);
}

static void on_room(struct http_request *r)
{
    struct event_stream *s = r->user;
    if (s->ended) return;
    s->full = false;
    if (http_more(r, STR("")) == ERR_AWAY) over(s);
    else pump(s);
}

/* ---- beginning ---- */

static void begin(struct event_stream *s)
{
    struct call *c = s->call;
    char id[FEED_ID];
    struct http_header headers[6] = {{STR("Cache-Control"), STR("no-store")},
                                     {STR("X-Accel-Buffering"), STR("no")}}; /* nginx would keep them */
    size_t n = 2;
    struct buf b;
    s->begun = true;
    if (c->submits) {
        char *path = arena_alloc(&c->req->arena, TASK_JSON_PATH);
        headers[n++] = (struct http_header){STR("Location"), task_json_path(&s->feed.listener.id, path)};
    }
    if (s->status == 202) headers[n++] = (struct http_header){STR("Retry-After"), STR("1")};
    if (c->existing) headers[n++] = (struct http_header){STR("Bide-Existing"), STR("true")};
    if (c->replayed) headers[n++] = (struct http_header){STR("Idempotency-Replayed"), STR("true")};
    call_begin(c, s->status, "text/event-stream", headers, n, -1, on_room);
    http_endless(c->req);
    if (str_eq(c->req->method, STR("HEAD"))) {
        over(s);
        return;
    }
    buf_init(&b, 256);
    buf_add_format(&b, "retry: %d\n", EVENT_STREAM_RETRY_MS);
    feed_id_here(&s->feed, id);
    if (!s->feed.listener.one && !s->feed.reset && !s->feed.came_back) buf_add_format(&b, "id: %s\n", id); /* so that it can come back before anything happened */
    buf_add_text(&b, "\n");
    if (send(s, &b)) pump(s);
}

static void on_ready(struct feed *f)
{
    struct event_stream *s = CONTAINER_OF(f, struct event_stream, feed);
    struct call *c = s->call;
    if (s->begun) {
        pump(s);
        return;
    }
    http_set_on_gone(c->req, NULL);
    if (f->state == FEED_TELLING || f->state == FEED_ENDING) {
        begin(s);
        return;
    }
    finish(s);
    if (f->state == FEED_MISSING) call_store_failed(c, ERR_NOT_FOUND);
    else if (f->state == FEED_SEEN) call_answer_with(c, 204, NULL, STR_NONE, NULL, 0);
    else if (f->state == FEED_OVER) call_refuse(c, ERR_DRAINING, "the server is stopping; come again when it is back");
    else call_store_failed(c, ERR_STORE);
}

static void on_gone(struct http_request *r) { finish(r->user); }

static struct event_stream *open_stream(struct call *c, int status)
{
    struct bus *b = &c->api->server->news.bus;
    if (b->n_listeners >= LIMIT_LISTENERS) {
        call_refuse(c, ERR_AGAIN, "%d streams listen already; try again later", LIMIT_LISTENERS);
        return NULL;
    }
    struct event_stream *s = arena_alloc(&c->req->arena, sizeof *s);
    *s = (struct event_stream){.call = c, .status = status, .feed = {.api = c->api, .on_ready = on_ready, .show = task_json_of(c)}};
    if (c->shared) s->feed.unheard = BUS_BIT(BUS_LOG);
    c->req->user = s;
    return s;
}

void event_stream_start(struct call *c, const struct id *id, const struct store_filter *filter, unsigned kinds, struct str last)
{
    struct event_stream *s = open_stream(c, c->replayed && !c->existing ? 202 : 200);
    if (!s) return;
    if (filter) s->feed.listener.filter = *filter;
    s->feed.listener.kinds = kinds;
    feed_open(&s->feed, id, last);
    if (id) http_set_on_gone(c->req, on_gone);
    else begin(s);
}

void event_stream_submitted(struct call *c, const struct task *t)
{
    struct event_stream *s = open_stream(c, 202);
    if (!s) return;
    feed_open_new(&s->feed, t);
    http_drop_body(c->req); /* all it is needed for is in the snapshot */
    begin(s);
}

bool event_stream_is_asked(const struct http_request *r)
{
    struct str accept = http_header(r, "Accept");
    while (accept.len) {
        struct str range = str_cut(&accept, ',');
        if (str_eq_nocase(str_trim(str_cut(&range, ';')), STR("text/event-stream"))) return true;
    }
    return false;
}
