/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of follow.h. The bus says that something is new; what it is, is read where it is kept.
 */
#include "api/follow.h"

#include "api/call.h"
#include "api/event_stream.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE (64 * 1024) /* of text, told at one time, before the client has taken it */

struct place {
    int32_t run, attempt; /* 0: none yet; attempt 0 of a run: its last one */
    int64_t at;
    struct pieces_place in; /* output, of the attempt under way */
    bool over;            /* all of that attempt was read */
};

struct follow {
    struct call *call;
    struct follow_what what;
    struct listener listener;
    struct place place;
    struct follow_ask *ask; /* under way; NULL: nothing is asked */
    struct timer beat;
    const char *reason;     /* it is over, because of that; NULL: it is not */
    int32_t seen_run;       /* the run whose end the client has been told of before */
    bool only;              /* that attempt, or that run's last one, and nothing after it */
    bool placed;            /* it is known whether */
    bool events, begun, full, ended, news, looked;
};

struct follow_ask {         /* it outlives a follower that has gone */
    struct follow *follow;  /* NULL: nobody waits for it */
    struct store_get get;
    struct store_log log;
};

static void step(struct follow *f);

/* ---- ending ---- */

static void finish(struct follow *f)
{
    struct server *s = f->call->api->server;
    f->ended = true;
    turn_timer_stop(s->turn, &f->beat);
    bus_leave(&s->news.bus, &f->listener);
    if (f->ask) f->ask->follow = NULL;
}

static void over(struct follow *f)
{
    struct http_request *r = f->call->req;
    finish(f);
    http_end(r);
}

static void refuse(struct follow *f, int err)
{
    struct call *c = f->call;
    if (f->begun) {
        over(f);
        return;
    }
    finish(f);
    http_set_on_gone(c->req, NULL);
    call_store_failed(c, err);
}

/* ---- sending ---- */

static void on_beat(struct timer *t)
{
    struct follow *f = CONTAINER_OF(t, struct follow, beat);
    turn_timer(f->call->api->server->turn, t, EVENT_STREAM_BEAT_MS, on_beat);
    if (f->full) return;
    int rc = http_more(f->call->req, STR(":\n\n"));
    f->full = rc == ERR_AGAIN;
    if (rc == ERR_AWAY) over(f);
}

/* False: the client has gone, and it is over. */
static bool send(struct follow *f, struct str bytes)
{
    int rc = bytes.len ? http_more(f->call->req, bytes) : 0;
    f->full = rc == ERR_AGAIN;
    if (rc != ERR_AWAY) return true;
    over(f);
    return false;
}

static void on_room(struct http_request *r)
{
    struct follow *f = r->user;
    if (f->ended) return;
    f->full = false;
    if (http_more(r, STR("")) == ERR_AWAY) over(f);
    else step(f);
}

/* False: the client has gone, and it is over. */
static bool begin(struct follow *f)
{
    struct call *c = f->call;
    static const struct http_header headers[] = {{{"Cache-Control", 13}, {"no-store", 8}}, {{"X-Accel-Buffering", 17}, {"no", 2}}};
    f->begun = true;
    http_set_on_gone(c->req, NULL);
    call_begin(c, 200, f->events ? "text/event-stream" : CALL_TEXT, headers, 2, -1, on_room);
    http_endless(c->req);
    int rc = http_more(c->req, STR("")); /* that it is there can be seen before it says something */
    f->full = rc == ERR_AGAIN;
    if (f->events) turn_timer(c->api->server->turn, &f->beat, EVENT_STREAM_BEAT_MS, on_beat);
    if (str_eq(c->req->method, STR("HEAD"))) f->reason = "head"; /* that was all of it */
    if (rc == ERR_AWAY) over(f);
    return rc != ERR_AWAY;
}

/* ---- what is told ---- */

static void write_event(const struct follow *f, struct buf *b, struct str text, int64_t next)
{
    struct buf data;
    char id[FEED_ID];
    buf_init(&data, 8 * LIMIT_OUTPUT);
    json_write_open(&data, '{');
    json_write_key(&data, "id");
    json_write_id(&data, &f->what.id);
    json_write_member_int(&data, "run", f->place.run);
    json_write_member_int(&data, "attempt", f->place.attempt);
    json_write_member_int(&data, f->what.output ? "n" : "from", f->place.at);
    json_write_member_int(&data, "next", next);
    json_write_member_str(&data, f->what.output ? "data" : "text", text);
    json_write_close(&data, '}');
    snprintf(id, sizeof id, "%d.%d.%lld", (int)f->place.run, (int)f->place.attempt, (long long)next);
    event_stream_write(b, id, f->what.output ? "task.output" : "task.log", buf_str(&data));
    buf_release(&data);
}

/* False: the client has gone. */
static bool tell(struct follow *f, struct str text, int64_t next)
{
    bool alive = true;
    if (text.len && !f->events) alive = send(f, text);
    if (text.len && f->events) {
        struct buf b;
        buf_init(&b, 16 * LIMIT_OUTPUT);
        write_event(f, &b, text, next);
        alive = send(f, buf_str(&b));
        buf_release(&b);
    }
    if (alive) f->place.at = next;
    return alive;
}

static void tell_end(struct follow *f)
{
    struct buf b;
    char id[FEED_ID], data[64];
    buf_init(&b, 512);
    snprintf(id, sizeof id, "%d.%d.%lld-end%d", (int)f->place.run, (int)f->place.attempt, (long long)f->place.at, (int)f->place.run);
    snprintf(data, sizeof data, "{\"reason\":\"%s\"}", f->reason);
    event_stream_write(&b, id, "end", str_of(data));
    bool alive = !f->events || send(f, buf_str(&b));
    buf_release(&b);
    if (alive) over(f);
}

/* ---- reading ---- */

static const struct run *live_run(const struct follow *f) { return server_run(f->call->api->server, &f->what.id); }

static bool is_at(const struct follow *f, const struct run *r)
{
    return r->attempt.run == f->place.run && r->attempt.number == f->place.attempt;
}

/* Of what is left one piece. Where something was left out it is all of it: bytes cannot be counted any more. */
static struct str log_piece(struct str text, bool whole)
{
    if (whole && text.len > PIECE) text.len = text_utf8_valid(str_sub(text, 0, PIECE));
    return text;
}

static struct str output_piece(struct follow *f, struct str packed, struct arena *a, int64_t *ret_next)
{
    struct str text = pieces_read(packed, &f->place.in, f->place.at, PIECE, a);
    *ret_next = f->place.in.number > f->place.at ? f->place.in.number : f->place.at;
    return text;
}

static struct str live_piece(struct follow *f, const struct run *r, struct arena *a, int64_t *ret_next)
{
    if (f->what.output) return output_piece(f, buf_str(&r->output.packed), a, ret_next);
    struct str rest = logbook_since(&r->log, (uint64_t)f->place.at, a), text = log_piece(rest, logbook_is_whole(&r->log));
    int64_t end = (int64_t)logbook_end(&r->log);
    *ret_next = text.len < rest.len ? f->place.at + (int64_t)text.len : end > f->place.at ? end : f->place.at;
    return text;
}

static void read_live(struct follow *f, const struct run *r)
{
    bool more = !f->full;
    while (more) {
        struct arena a = {0};
        int64_t next;
        struct str text = live_piece(f, r, &a, &next);
        more = text.len > 0 && tell(f, text, next) && !f->full; /* told no, the follower is not there any more */
        arena_release(&a);
    }
}

/* What the store has of it. A piece is told; for the next one it is asked again, so that nothing is kept for who does not read. */
static void read_rest(struct follow *f, struct str stored)
{
    struct arena a = {0};
    int64_t next, at = f->place.at;
    struct str text;
    if (f->what.output) {
        f->place.in = (struct pieces_place){0};
        text = output_piece(f, stored, &a, &next);
        f->place.over = f->place.in.offset == stored.len || text.len == 0;
    } else {
        struct str rest = logbook_text_since(stored, (uint64_t)at, &a);
        text = log_piece(rest, logbook_text_is_whole(stored));
        next = at + (int64_t)text.len;
        f->place.over = text.len == rest.len;
    }
    if (tell(f, text, next)) step(f);
    arena_release(&a);
}

static struct follow_ask *new_ask(struct follow *f)
{
    struct follow_ask *a = f->ask = mem_new(sizeof *a);
    a->follow = f;
    return a;
}

static struct follow *answered(struct follow_ask *a)
{
    if (a->follow) a->follow->ask = NULL;
    return a->follow;
}

static void on_rest(struct store_req *req)
{
    struct follow_ask *a = req->user;
    struct follow *f = answered(a);
    int err = req->err ? req->err : a->log.found;
    if (f && err) refuse(f, err);
    else if (f) read_rest(f, a->log.log);
    store_release(req);
    free(a);
}

static void ask_rest(struct follow *f)
{
    struct follow_ask *a = new_ask(f);
    a->log = (struct store_log){.id = f->what.id, .run = f->place.run, .number = f->place.attempt, .output = f->what.output};
    store_log(f->call->api->server->store, &a->log, on_rest, a);
}

/* ---- which attempt ---- */

static void go_to(struct follow *f, int32_t run, int32_t attempt)
{
    bool first = f->place.run == 0;
    f->place = (struct place){.run = run, .attempt = attempt, .at = first ? f->what.from : 0};
}

/* Which one is next, or that there is none. Of an earlier run without a number, the last one. */
static void choose(struct follow *f, const struct life *l)
{
    bool ended = state_is_ending(l->state);
    if (!f->placed) f->only = f->what.attempt > 0 || (f->what.run && f->what.run != l->run);
    f->placed = true;
    int32_t done = l->state == TASK_RUNNING ? l->attempt - 1 : l->attempt; /* the last one that is */
    if (!f->place.run && f->only) go_to(f, f->what.run ? f->what.run : l->run, f->what.attempt);
    else if (!f->place.run && l->state != TASK_RUNNING && done > 0) go_to(f, l->run, done);
    else if (!f->only && f->place.run == l->run && f->place.over && f->place.attempt < done) go_to(f, l->run, f->place.attempt + 1);
    else if (!f->only && f->place.over && f->place.run < l->run && l->attempt > 0) go_to(f, l->run, 1);
    else if (f->only && f->place.over) f->reason = "attempt over";
    else if (ended && (f->place.over || !f->place.run)) f->reason = state_word(l->state);
}

/* The attempt under way, when it is the one to read. */
static const struct run *live_next(const struct follow *f)
{
    const struct run *r = f->begun ? live_run(f) : NULL;
    if (!r || is_at(f, r)) return r;
    bool next = f->place.run < r->attempt.run ? r->attempt.number == 1 : f->place.attempt + 1 == r->attempt.number;
    return !f->only && (f->place.run == 0 || (f->place.over && next)) ? r : NULL;
}

static void on_life(struct store_req *req)
{
    struct follow_ask *a = req->user;
    struct follow *f = answered(a);
    int err = req->err ? req->err : a->get.found;
    struct life life = a->get.task.life;
    store_release(req);
    free(a);
    if (!f) return;
    if (err) {
        refuse(f, err);
        return;
    }
    if (!f->begun && state_is_ending(life.state) && f->seen_run == life.run) {
        struct call *c = f->call;
        finish(f);
        http_set_on_gone(c->req, NULL);
        call_answer_with(c, 204, NULL, STR_NONE, NULL, 0);
        return;
    }
    if (!f->begun && !begin(f)) return;
    choose(f, &life);
    if (f->reason || (f->place.run && !f->place.over) || f->news || f->listener.over || live_next(f)) step(f);
}

static void ask_life(struct follow *f)
{
    struct follow_ask *a = new_ask(f);
    f->news = false;
    a->get = (struct store_get){.id = f->what.id};
    store_get(f->call->api->server->store, &a->get, on_life, a);
}

/* One step of the drawing: what can be done now? */
static void step(struct follow *f)
{
    if (f->ask || f->full || f->ended) return;
    const struct run *live = live_next(f);
    if (f->reason) tell_end(f);
    else if (f->begun && f->place.run && !f->place.over && !(live && is_at(f, live))) ask_rest(f);
    else if (f->listener.over && f->looked) over(f);
    else if (f->listener.over) {
        f->looked = true; /* the server stops: has the task ended? */
        ask_life(f);
    } else if (live) {
        if (!is_at(f, live)) go_to(f, live->attempt.run, live->attempt.number);
        read_live(f, live);
    } else ask_life(f);
}

static void on_news(struct listener *l)
{
    struct follow *f = CONTAINER_OF(l, struct follow, listener);
    bool cut;
    while (bus_read(&f->call->api->server->news.bus, l, &cut) || cut) continue;
    f->news = true;
    step(f);
}

/* ---- beginning ---- */

/* "1.2.345", and behind the end "-end1". What is not understood is none. */
static void read_last(struct follow *f, struct str last)
{
    int64_t run, attempt, at;
    struct str place = last.p ? str_cut(&last, '-') : STR_NONE; /* and behind it, what is left of `last` */
    struct str first = str_cut(&place, '.'), second = str_cut(&place, '.');
    if (text_int(&run, first) != 0 || text_int(&attempt, second) != 0 || text_int(&at, place) != 0) return;
    f->seen_run = feed_end_of(last);
    bool good = run > 0 && run <= INT32_MAX && attempt >= 0 && attempt <= INT32_MAX && at >= 0;
    if (good) f->place = (struct place){.run = (int32_t)run, .attempt = (int32_t)attempt, .at = at};
}

static void on_gone(struct http_request *r) { finish(r->user); }

void follow_start(struct call *c, const struct follow_what *what)
{
    struct bus *b = &c->api->server->news.bus;
    if (b->n_listeners >= LIMIT_LISTENERS) {
        call_refuse(c, ERR_AGAIN, "%d streams listen already; try again later", LIMIT_LISTENERS);
        return;
    }
    struct follow *f = arena_alloc(&c->req->arena, sizeof *f);
    *f = (struct follow){.call = c, .what = *what, .events = event_stream_is_asked(c->req),
                         .listener = {.one = true, .id = what->id, .kinds = BUS_ALL, .on_news = on_news}};
    if (f->events) read_last(f, http_header(c->req, "Last-Event-ID"));
    c->req->user = f;
    bus_join(b, &f->listener, &(struct bus_place){0});
    http_set_on_gone(c->req, on_gone);
    ask_life(f);
}
