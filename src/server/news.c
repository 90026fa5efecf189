/* SPDX-License-Identifier: Apache-2.0
 *
 * See news.h.
 */
#include "server/news.h"

#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/server.h"

#include <stdlib.h>

#define EVENT_MAX (8 * 1024 * 1024) /* a frame full of output, all of it escaped */
#define LOG_PIECE (32 * 1024)

struct look { /* a question how a task stands */
    struct news *news;
    enum bus_kind kind;
    struct life life;
    struct str step, progress; /* as they were, owned; p NULL: as the store has it; as its run has it */
    struct store_get get;
};

struct news_queue { /* the questions about one task */
    struct id id;
    size_t n;
};

void news_init(struct news *n, struct server *s)
{
    *n = (struct news){.server = s};
    bus_init(&n->bus, s->turn);
    map_init(&n->looking);
}

void news_release(struct news *n)
{
    bus_release(&n->bus);
    map_release(&n->looking);
}

bool news_is_idle(const struct news *n) { return n->n_looks == 0; }

/* ---- an event of a task ---- */

static bool is_ending(enum bus_kind kind) { return kind >= BUS_COMPLETED && kind <= BUS_EXPIRED; }

static void tell(struct news *n, enum bus_kind kind, const struct task *t)
{
    struct buf data, whole;
    buf_init(&data, EVENT_MAX);
    buf_init(&whole, EVENT_MAX);
    n->writer.write(n->writer.user, &data, t, false);
    bool shown = is_ending(kind) && bus_follows(&n->bus, &t->body.id);
    struct task narrow = *t;
    if (t->ending.result.len > LIMIT_INLINE) narrow.ending.result = STR_NONE;
    if (shown) n->writer.write(n->writer.user, &whole, &narrow, true);
    struct bus_event e = {.kind = kind, .id = t->body.id, .run = t->life.run, .attempt = t->life.attempt,
                          .type = t->body.type, .queue = t->body.queue, .subject = t->body.subject,
                          .tags = t->body.tags, .n_tags = t->body.n_tags, .data = buf_str(&data)};
    if (shown && !buf_err(&whole)) e.with_result = buf_str(&whole);
    if (buf_err(&data)) bus_gap(&n->bus);
    else bus_tell(&n->bus, &e);
    buf_release(&data);
    buf_release(&whole);
}

/* ---- how it stands, from the store ---- */

static void looked(struct news *n, const struct id *id)
{
    struct news_queue *q = map_get(&n->looking, id_key(id));
    n->n_looks--;
    if (--q->n > 0) return;
    (void)map_remove(&n->looking, id_key(&q->id));
    free(q);
}

/* The store may have it a step further already. */
static void as_it_was(struct task *t, const struct look *l)
{
    t->life = l->life;
    t->progress = l->progress;
    if (!l->step.p) return;
    t->body.step = l->step;
    for (size_t i = 0; i < t->n_steps; i++)
        if (str_eq(t->steps[i].name, l->step)) t->n_steps = i;
}

static void on_looked(struct store_req *req)
{
    struct look *l = req->user;
    struct news *n = l->news;
    bool same = !req->err && !l->get.found && l->get.task.life.run == l->life.run;
    if (same) {
        as_it_was(&l->get.task, l);
        tell(n, l->kind, &l->get.task);
    } else if (req->err || is_ending(l->kind)) { /* it was removed, or runs anew: how it ended cannot be shown any more */
        bus_gap(&n->bus);
    }
    store_release(req);
    looked(n, &l->get.id);
    free((char *)l->step.p);
    free((char *)l->progress.p);
    free(l);
    server_drain_step(n->server);
}

static void look(struct news *n, enum bus_kind kind, const struct id *id, const struct life *life, struct str step,
                 struct str progress)
{
    if (n->n_looks >= NEWS_LOOKS) {
        bus_gap(&n->bus);
        return;
    }
    struct news_queue *q = map_get(&n->looking, id_key(id));
    if (!q) {
        q = mem_new(sizeof *q);
        q->id = *id;
        (void)map_put(&n->looking, id_key(&q->id), q);
    }
    struct look *l = mem_new(sizeof *l);
    *l = (struct look){.news = n, .kind = kind, .life = *life, .get = {.id = *id, .result_max = is_ending(kind) ? LIMIT_INLINE : 0}};
    if (step.p) l->step = mem_str(step);
    if (progress.p) l->progress = mem_str(progress);
    q->n++;
    n->n_looks++;
    store_get(n->server->store, &l->get, on_looked, l);
}

static bool wants(const struct news *n, enum bus_kind kind, const struct id *id)
{
    return n->writer.write && !id_is_derived(id) && bus_wants(&n->bus, kind, id);
}

static bool is_looking(const struct news *n, const struct id *id)
{
    return n->looking.n > 0 && map_get(&n->looking, id_key(id));
}

void news_changed(struct news *n, enum bus_kind kind, const struct id *id, const struct life *life)
{
    if (wants(n, kind, id)) look(n, kind, id, life, STR_NONE, STR_NONE);
}

static void tell_or_look(struct news *n, enum bus_kind kind, const struct task *t)
{
    if (is_looking(n, &t->body.id)) look(n, kind, &t->body.id, &t->life, STR_NONE, t->progress);
    else tell(n, kind, t);
}

/* ---- what happens ---- */

void news_created(struct news *n, const struct store_add_item *it)
{
    if (it->existed || it->existing || it->replayed || !wants(n, BUS_CREATED, &it->body->id)) return;
    struct task t = store_added(it);
    if (it->cached) { /* as it was for a moment */
        t.life = (struct life){.state = TASK_PENDING, .run = it->life.run};
        t.result_bytes = 0;
    }
    tell(n, BUS_CREATED, &t);
}

/* A chain's run knows its step alone. */
static void tell_run(struct news *n, enum bus_kind kind, const struct run *r)
{
    if (!wants(n, kind, &r->body.id)) return;
    struct task t = {.body = r->body, .life = r->life, .input_bytes = r->body.input.len};
    t.progress = r->progress.len ? buf_str(&r->progress) : STR("");
    if (r->chain) look(n, kind, &r->body.id, &r->life, r->chain->step, t.progress);
    else tell_or_look(n, kind, &t);
}

void news_started(struct news *n, const struct run *r) { tell_run(n, BUS_STARTED, r); }

static void on_progress_later(struct timer *timer)
{
    struct run *r = CONTAINER_OF(timer, struct run, pace.later);
    if (r->state == RUN_SETTLING) return; /* its end says it */
    r->pace = (struct news_pace){.second_ms = turn_mono_ms(r->server->turn), .told = 1};
    tell_run(&r->server->news, BUS_PROGRESS, r);
}

void news_progress(struct news *n, struct run *r)
{
    struct news_pace *p = &r->pace;
    int64_t now_ms = turn_mono_ms(n->server->turn);
    if (!wants(n, BUS_PROGRESS, &r->body.id) || timer_is_set(&p->later)) return;
    if (now_ms - p->second_ms >= 1000) *p = (struct news_pace){.second_ms = now_ms};
    if (p->told++ < NEWS_BURST) tell_run(n, BUS_PROGRESS, r);
    else turn_timer(n->server->turn, &p->later, 1000 - (now_ms - p->second_ms), on_progress_later);
}

static void tell_words(struct news *n, const struct run *r, enum bus_kind kind, int64_t number, const char *name, struct str text)
{
    struct buf b;
    buf_init(&b, EVENT_MAX);
    json_write_open(&b, '{');
    json_write_key(&b, "id");
    json_write_id(&b, &r->body.id);
    json_write_member_int(&b, "run", r->attempt.run);
    json_write_member_int(&b, "attempt", r->attempt.number);
    if (kind == BUS_OUTPUT) json_write_member_int(&b, "n", number);
    json_write_member_str(&b, name, text);
    json_write_close(&b, '}');
    struct bus_event e = {.kind = kind, .id = r->body.id, .run = r->attempt.run, .attempt = r->attempt.number, .n = number,
                          .type = r->type, .queue = r->body.queue, .subject = r->body.subject,
                          .tags = r->body.tags, .n_tags = r->body.n_tags, .data = buf_str(&b)};
    if (buf_err(&b)) bus_gap(&n->bus);
    else bus_tell(&n->bus, &e);
    buf_release(&b);
}

void news_log(struct news *n, const struct run *r, struct str bytes)
{
    if (!wants(n, BUS_LOG, &r->body.id)) return;
    while (bytes.len) {
        size_t len = bytes.len <= LOG_PIECE ? bytes.len : text_utf8_valid(str_sub(bytes, 0, LOG_PIECE));
        tell_words(n, r, BUS_LOG, 0, "text", str_sub(bytes, 0, len));
        bytes = str_sub(bytes, len, bytes.len - len);
    }
}

void news_output(struct news *n, const struct run *r, int64_t number, struct str text)
{
    if (wants(n, BUS_OUTPUT, &r->body.id)) tell_words(n, r, BUS_OUTPUT, number, "data", text);
}

void news_over(struct news *n, const struct run *r)
{
    const struct store_settle_item *it = &r->item;
    bool step = it->next_step.p && !it->outcome.ended;
    enum bus_kind kind = it->outcome.ended ? bus_ending(it->life.state) : step ? BUS_PROGRESS : BUS_RETRYING;
    if (it->attempt.verdict == LIFE_UNSTARTED && !it->outcome.ended) return; /* nobody heard that it started */
    if (!wants(n, kind, &r->body.id)) return;
    if (r->chain || it->outcome.failure != FAILURE_NONE || it->life.state == TASK_FAILED) {
        struct str at = it->outcome.ended || !r->chain ? STR_NONE : step ? it->next_step : r->chain->step;
        look(n, kind, &r->body.id, &it->life, at, STR_NONE); /* the rules had a word in it */
        return;
    }
    struct task t = {.body = r->body, .life = it->life, .input_bytes = r->body.input.len, .last = it->attempt.failure};
    if (it->outcome.ended)
        t.ending = (struct task_ending){.life = it->life, .finished_at_ms = r->settle.req.now_ms, .progress = it->progress,
                                        .batch_size = it->batch_size, .files = it->files, .result = it->result};
    t.result_bytes = t.ending.result.len;
    tell_or_look(n, kind, &t);
}

void news_notice(struct news *n, const struct notice *notice)
{
    struct buf b;
    if (!wants(n, BUS_NOTIFICATION, &notice->task)) return;
    buf_init(&b, EVENT_MAX);
    n->writer.write_notice(n->writer.user, &b, notice);
    struct bus_event e = {.kind = BUS_NOTIFICATION, .id = notice->task, .run = notice->run, .type = notice->type, .subject = notice->subject,
                          .tags = notice->tags, .n_tags = notice->n_tags, .data = buf_str(&b)};
    if (buf_err(&b)) bus_gap(&n->bus);
    else bus_tell(&n->bus, &e);
    buf_release(&b);
}
