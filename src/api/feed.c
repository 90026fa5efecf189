/* SPDX-License-Identifier: Apache-2.0
 *
 * See feed.h. An id says of which start of the server it is, which interest (bus.h) and event, and of the last word which run
 * has ended: 19f1c2a3b4c-3-17, 19f1c2a3b4c-3-18-end1.
 */
#include "api/feed.h"

#include "api/task_json.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct feed_ask {     /* a question how the task stands; it outlives a feed that is closed */
    struct feed *feed; /* NULL: nobody waits for it */
    struct server *server;
    struct store_get get;
};

/* ---- ids ---- */

static void write_id(const struct feed *f, struct bus_place at, int32_t end_run, char id[FEED_ID])
{
    int n = snprintf(id, FEED_ID, "%llx-%llu-%llu", (unsigned long long)f->api->started_at_ms, (unsigned long long)at.interest,
                     (unsigned long long)at.seq);
    if (end_run) snprintf(id + n, (size_t)(FEED_ID - n), "-end%d", (int)end_run);
}

void feed_id_here(const struct feed *f, char id[FEED_ID])
{
    write_id(f, bus_place_after(&f->api->server->news.bus, &f->listener, NULL), 0, id);
}

/* What is not understood is of another server, or of nobody: the place is not known. */
static struct bus_place read_id(struct feed *f, struct str last)
{
    struct bus_place unknown = {.interest = UINT64_MAX};
    struct str start = str_cut(&last, '-'), interest = str_cut(&last, '-'), seq = str_cut(&last, '-'), end = last;
    int64_t at_interest, at_seq;
    char ours[24];
    if (text_int(&at_interest, interest) != 0 || text_int(&at_seq, seq) != 0 || at_interest <= 0 || at_seq < 0) return unknown;
    f->seen_run = feed_end_of(end);
    snprintf(ours, sizeof ours, "%llx", (unsigned long long)f->api->started_at_ms);
    return str_eq(start, str_of(ours)) ? (struct bus_place){(uint64_t)at_interest, (uint64_t)at_seq} : unknown;
}

int32_t feed_end_of(struct str text)
{
    int64_t run = 0;
    if (!str_starts(text, STR("end")) || text_int(&run, str_sub(text, 3, text.len)) != 0) return 0;
    return run > 0 && run <= INT32_MAX ? (int32_t)run : 0;
}

/* ---- older or newer ---- */

struct stamp {
    int32_t run, attempt;
    int phase;
};

static struct stamp stamp_of_life(const struct life *l)
{
    int phase = state_is_ending(l->state) ? 3 : l->state == TASK_RUNNING ? 1 : l->attempt > 0 ? 2 : 0;
    return (struct stamp){l->run, l->attempt, phase};
}

static struct stamp stamp_of_event(const struct bus_event *e)
{
    int phase = e->kind >= BUS_COMPLETED ? 3 : e->kind == BUS_CREATED ? 0 : e->kind == BUS_RETRYING ? 2 : 1;
    return (struct stamp){e->run, e->attempt, phase};
}

static int compare(struct stamp a, struct stamp b)
{
    if (a.run != b.run) return a.run < b.run ? -1 : 1;
    if (a.attempt != b.attempt) return a.attempt < b.attempt ? -1 : 1;
    return a.phase - b.phase;
}

/* The snapshot has it already. What a task said is told all the same: no snapshot has that. */
static bool is_old(const struct feed *f, const struct bus_event *e)
{
    if (e->seq > f->until || (BUS_BIT(e->kind) & BUS_WORDY)) return false;
    int order = compare(stamp_of_event(e), stamp_of_life(&f->at));
    return order < 0 || (order == 0 && e->kind != BUS_PROGRESS);
}

static enum bus_kind word_of(const struct task *t, bool progress)
{
    int phase = stamp_of_life(&t->life).phase;
    if (phase == 0) return BUS_CREATED;
    if (phase == 1) return progress ? BUS_PROGRESS : BUS_STARTED;
    return phase == 2 ? BUS_RETRYING : bus_ending(t->life.state);
}

/* ---- how it stands ---- */

static void take_snapshot(struct feed *f, const struct task *t)
{
    struct server *s = f->api->server;
    struct buf b;
    bool ended = state_is_ending(t->life.state);
    const struct run *live = server_run(s, &t->body.id);
    buf_init(&b, TASK_JSON_MAX);
    task_json_write(&b, s, t, f->show | (ended ? TASK_SHOW_RESULT : TASK_SHOW_NEITHER));
    free((char *)f->snapshot.p); /* of a reset: the earlier one was told long ago */
    f->snapshot = buf_take(&b);
    f->shown = true;
    f->at = t->life;
    f->until = s->news.bus.last;
    f->word = word_of(t, live && live->progress.len > 0);
}

/* Was the event that it came back with the ending? */
static bool has_heard_end(const struct feed *f)
{
    const struct bus_event *e = bus_event_of(&f->api->server->news.bus, f->after);
    return e && e->kind >= BUS_COMPLETED && e->kind <= BUS_EXPIRED && id_cmp(&e->id, &f->listener.id) == 0;
}

static void go_on(struct feed *f, const struct task *t)
{
    bool ended = state_is_ending(t->life.state);
    if (ended && f->seen_run == t->life.run) {
        f->state = FEED_SEEN;
        f->word = bus_ending(t->life.state);
        return;
    }
    bool knows = f->came_back && !f->reset; /* all that happened since then is there, or just being told */
    f->state = FEED_TELLING;
    if (knows && (!ended || f->listener.next)) return;
    if (knows && has_heard_end(f)) {
        f->state = FEED_ENDING;
        f->end_run = t->life.run;
        f->word = bus_ending(t->life.state);
        return;
    }
    take_snapshot(f, t);
}

static void on_got(struct store_req *req)
{
    struct feed_ask *a = req->user;
    struct feed *f = a->feed;
    if (f) {
        f->ask = NULL;
        if (req->err) f->state = FEED_FAILED;
        else if (a->get.found) f->state = FEED_MISSING;
        else go_on(f, &a->get.task);
    }
    store_release(req);
    free(a);
    if (f) f->on_ready(f);
}

static void ask(struct feed *f)
{
    struct feed_ask *a = f->ask = mem_new(sizeof *a);
    f->state = FEED_ASKING;
    *a = (struct feed_ask){.feed = f, .get = {.id = f->listener.id, .result_max = LIMIT_INLINE}};
    store_get(f->api->server->store, &a->get, on_got, a);
}

/* ---- open, read, close ---- */

static void on_news(struct listener *l)
{
    struct feed *f = CONTAINER_OF(l, struct feed, listener);
    if (f->state != FEED_ASKING) f->on_ready(f);
}

void feed_open(struct feed *f, const struct id *id, struct str last)
{
    struct bus_place after = last.p ? read_id(f, last) : (struct bus_place){0};
    f->came_back = last.p != NULL;
    f->after = after.seq;
    f->listener.on_news = on_news;
    f->listener.one = id != NULL;
    if (id) {
        f->listener.id = *id;
        f->listener.kinds = BUS_OF_TASK & ~f->unheard;
    }
    f->reset = !bus_join(&f->api->server->news.bus, &f->listener, &after);
    if (id) ask(f);
    else f->state = FEED_TELLING;
}

void feed_open_new(struct feed *f, const struct task *t)
{
    f->listener.on_news = on_news;
    f->listener.one = true;
    f->listener.id = t->body.id;
    f->listener.kinds = BUS_OF_TASK;
    (void)bus_join(&f->api->server->news.bus, &f->listener, &(struct bus_place){0});
    f->state = FEED_TELLING;
    take_snapshot(f, t);
}

static bool give_end(struct feed *f, struct feed_item *ret)
{
    char text[64];
    snprintf(text, sizeof text, "{\"reason\":\"%s\"}", strchr(bus_word(f->word), '.') + 1);
    free((char *)f->snapshot.p);
    f->snapshot = mem_str(str_of(text));
    ret->word = "end";
    ret->data = f->snapshot;
    write_id(f, bus_place_after(&f->api->server->news.bus, &f->listener, NULL), f->end_run, ret->id);
    f->state = FEED_OVER;
    return true;
}

/* The task, or of all tasks that everything has to be read again. */
static bool give_snapshot(struct feed *f, struct feed_item *ret)
{
    ret->word = f->reset ? "reset" : bus_word(f->word);
    ret->data = f->snapshot;
    write_id(f, (struct bus_place){bus_place_after(&f->api->server->news.bus, &f->listener, NULL).interest, f->until}, 0, ret->id);
    f->reset = f->shown = false;
    if (state_is_ending(f->at.state)) {
        f->end_run = f->at.run;
        f->state = FEED_ENDING;
    }
    return true;
}

static bool give_reset_of_all(struct feed *f, struct feed_item *ret)
{
    ret->word = "reset";
    ret->data = STR("{}");
    feed_id_here(f, ret->id);
    f->reset = false;
    return true;
}

static bool give_event(struct feed *f, const struct bus_event *e, struct feed_item *ret)
{
    ret->word = bus_word(e->kind);
    ret->data = f->listener.one && e->with_result.p ? e->with_result : e->data;
    write_id(f, bus_place_after(&f->api->server->news.bus, &f->listener, e), 0, ret->id);
    if (!f->listener.one || e->kind < BUS_COMPLETED) return true;
    f->state = FEED_ENDING;
    f->end_run = e->run;
    f->word = e->kind;
    return true;
}

static bool read_on(struct feed *f, struct feed_item *ret)
{
    struct bus *b = &f->api->server->news.bus;
    bool cut = false;
    const struct bus_event *e;
    do e = bus_read(b, &f->listener, &cut);
    while (e && !cut && f->listener.one && is_old(f, e));
    if (!cut) return e && give_event(f, e, ret);
    f->reset = true;
    if (!f->listener.one) return give_reset_of_all(f, ret);
    ask(f);
    return false;
}

bool feed_read(struct feed *f, struct feed_item *ret)
{
    if (f->state == FEED_ENDING) return give_end(f, ret);
    if (f->state != FEED_TELLING) return false;
    if (f->shown) return give_snapshot(f, ret);
    if (f->reset && !f->listener.one) return give_reset_of_all(f, ret);
    if (read_on(f, ret)) return true;
    if (f->listener.over && f->state == FEED_TELLING) f->state = FEED_OVER; /* what had happened was told */
    return false;
}

void feed_end_again(struct feed *f)
{
    assert(f->state == FEED_SEEN);
    f->state = FEED_ENDING;
    f->end_run = f->seen_run;
}

void feed_close(struct feed *f)
{
    bus_leave(&f->api->server->news.bus, &f->listener);
    if (f->ask) f->ask->feed = NULL;
    free((char *)f->snapshot.p);
    f->snapshot = STR_NONE;
}
