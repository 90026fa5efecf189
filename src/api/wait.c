/* SPDX-License-Identifier: Apache-2.0
 *
 * The machine of wait.h.
 */
#include "api/wait.h"

#include "api/call.h"
#include "api/route_answer.h"
#include "api/task_json.h"
#include "api/webhook.h"
#include "base/mem.h"
#include "server/eta_at.h"

#include <stdio.h>
#include <stdlib.h>

/* A place is known to the thread that writes, and reads wait for no write: after this the answer says none. */
#define PLACE_MOST_MS 100

/* The question for it, which may be answered after the request was. */
struct place_ask {
    struct wait *wait; /* NULL: nobody waits for it any more */
    struct store_where where;
    uint32_t lanes[]; /* that it asks for */
};

struct wait {
    struct call *call;
    struct id id;
    bool patient;      /* it was ready to wait */
    bool asking;       /* a question is on its way */
    bool asked_last;   /* that question was put after the last word: its answer is given whatever it is */
    bool told;         /* the ending was committed, or the time is up: the next answer is the last */
    bool whole;        /* input and result are asked for whatever their size */
    struct store_get get;
    struct store_get delivery; /* of its ending, where there is one */
    bool of_route;             /* which of them is asked for */
    bool again;                /* it ran when the store was asked, and did no more when that said so */
    struct place_ask *place;
    struct waiter waiter;
    struct timer timer;
};

static void ask(struct wait *w);

static void stop_waiting(struct wait *w)
{
    struct server *s = w->call->api->server;
    waiters_leave(&s->waiters, &w->waiter);
    turn_timer_stop(s->turn, &w->timer);
    http_set_on_gone(w->call->req, NULL); /* from here on the request stays until it is answered */
}

static void on_gone(struct http_request *r)
{
    stop_waiting(r->user);
}

static void conclude(struct wait *w)
{
    w->told = true;
    stop_waiting(w);
    if (!w->asking) ask(w);
}

static void on_ended(struct waiter *waiter)
{
    conclude(CONTAINER_OF(waiter, struct wait, waiter));
}

static void on_time(struct timer *t)
{
    conclude(CONTAINER_OF(t, struct wait, timer));
}

static void answer(struct wait *w, const struct task_place *place)
{
    struct call *c = w->call;
    bool get = !c->submits;
    bool ended = state_is_ending(w->get.task.life.state) && (get || w->patient);
    char etag[ETAG_TEXT], text[ID_TEXT], location[64];
    struct buf b = call_buf(c);
    task_json_write_placed(&b, c->api->server, &w->get.task, (c->shared ? TASK_SHOW_RESULT : TASK_SHOW_WHOLE) | task_json_of(c),
                           place, etag);
    store_release(&w->get.req);
    if (buf_err(&b)) { /* refused there */
        call_answer(c, 200, &b);
        return;
    }
    id_format(&w->id, text);
    snprintf(location, sizeof location, "/v1/tasks/%s", text);
    struct http_header headers[6] = {{STR("ETag"), str_of(etag)}};
    size_t n = 1;
    if (!get) headers[n++] = (struct http_header){STR("Location"), str_of(location)};
    if (!get && ended) headers[n++] = (struct http_header){STR("Preference-Applied"), STR("wait")};
    if (!ended) headers[n++] = (struct http_header){STR("Retry-After"), STR("1")};
    if (c->existing) headers[n++] = (struct http_header){STR("Bide-Existing"), STR("true")};
    if (c->replayed) headers[n++] = (struct http_header){STR("Idempotency-Replayed"), STR("true")};
    if (!c->through && (str_eq(c->req->method, STR("GET")) || str_eq(c->req->method, STR("HEAD"))) &&
        etag_is_known(c->req, etag)) {
        buf_release(&b);
        call_answer_with(c, 304, NULL, STR_NONE, headers, 1);
        return;
    }
    call_answer_buf(c, get || ended || c->existing ? 200 : 202, CALL_JSON, &b, headers, n);
}

/* A store that does not say where the task stands has said how it stands: that is the answer. */
static void on_where(struct store_req *req)
{
    struct place_ask *asked = req->user;
    struct wait *w = asked->wait;
    struct task_place place = {.position = req->err ? 0 : asked->where.position};
    if (w) turn_timer_stop(w->call->api->server->turn, &w->timer);
    if (w && !req->err) place.eta_at_ms = eta_at_waiting(w->call->api->server, &w->get.task, &asked->where);
    store_release(req);
    free(asked);
    if (w) answer(w, &place);
}

static void on_place_late(struct timer *t)
{
    struct wait *w = CONTAINER_OF(t, struct wait, timer);
    w->place->wait = NULL;
    answer(w, &(struct task_place){0});
}

/* A store that does not say what became of the delivery has said how the task stands: that is the answer. */
static void on_delivery(struct store_req *req)
{
    struct wait *w = req->user;
    struct arena kept = req->arena; /* the answer is made of it */
    bool found = !req->err && !w->delivery.found;
    arena_init(&req->arena);
    store_release(req);
    arena_adopt(&w->call->req->arena, &kept);
    if (!found && !w->of_route) { /* a route that was asked to call back */
        w->of_route = true;
        w->delivery = (struct store_get){.id = webhook_id(&w->get.task, WEBHOOK_OF_ROUTE)};
        store_get(w->call->api->server->store, &w->delivery, on_delivery, w);
        return;
    }
    answer(w, &(struct task_place){.delivery = found ? &w->delivery.task : NULL});
}

/* Only a task that waits is in a line. */
static void answer_with_place(struct wait *w)
{
    struct call *c = w->call;
    struct server *s = c->api->server;
    const struct task *t = &w->get.task;
    if (state_is_ending(t->life.state) && w->get.sequel && !c->shared) {
        w->delivery = (struct store_get){.id = webhook_id(t, WEBHOOK_OF_TASK)};
        store_get(s->store, &w->delivery, on_delivery, w);
        return;
    }
    if (state_is_ending(t->life.state) || t->life.state == TASK_RUNNING) {
        answer(w, &(struct task_place){.eta_at_ms = t->life.state == TASK_RUNNING ? eta_at_running(s, t) : 0});
        return;
    }
    struct place_ask *asked = w->place = mem_new(sizeof *asked + s->dispatch.n_lanes * sizeof asked->lanes[0]);
    asked->wait = w;
    asked->where = (struct store_where){.id = w->id, .lanes = asked->lanes, .n_lanes = eta_at_lanes(s, t, asked->lanes)};
    turn_timer(s->turn, &w->timer, PLACE_MOST_MS, on_place_late);
    store_where(s->store, &asked->where, on_where, asked);
}

static void refuse(struct wait *w, int err)
{
    stop_waiting(w);
    call_store_failed(w->call, err);
}

/* A configured route may show what is too large for the API's own answers. True: it is asked for, or refused. */
static bool ask_whole(struct wait *w)
{
    struct call *c = w->call;
    const struct task *t = &w->get.task;
    size_t bytes = route_answer_more(c, t->input_bytes, t->result_bytes);
    if (!bytes || w->whole) return false;
    store_release(&w->get.req);
    if (call_claim(c, bytes)) return true;
    w->whole = w->told = true; /* its answer is the last, however it stands by then */
    ask(w);
    return true;
}

static void on_got(struct store_req *req)
{
    struct wait *w = req->user;
    struct server *s = w->call->api->server;
    int err = req->err ? req->err : w->get.found;
    bool ended = !err && state_is_ending(w->get.task.life.state), last = w->asked_last;
    w->asking = false;
    bool over = !err && w->get.task.life.state == TASK_RUNNING && !server_run(s, &w->id) && !w->again;
    if (over) { /* meanwhile: what its run knew of it is in the store now */
        w->again = true;
        store_release(req);
        ask(w);
        return;
    }
    if (!err && !ended && !last && !s->draining) {
        store_release(req);
        if (w->told) ask(w);
        else http_set_on_gone(w->call->req, on_gone);
        return;
    }
    if (err) {
        store_release(req);
        refuse(w, err);
        return;
    }
    stop_waiting(w);
    if (!ask_whole(w)) answer_with_place(w);
}

static void ask(struct wait *w)
{
    struct server *s = w->call->api->server;
    w->asking = true;
    w->asked_last = w->told;
    w->get = (struct store_get){.id = w->id,
                                .input_max = w->whole ? LIMIT_INPUT : LIMIT_INLINE,
                                .result_max = w->whole ? LIMIT_RESULT : LIMIT_INLINE};
    store_get(s->store, &w->get, on_got, w);
}

/* The waiter joins before the first question, so that an ending between question and answer is not missed. */
void wait_start(struct call *c, const struct id *id, int64_t wait_ms)
{
    struct server *s = c->api->server;
    struct wait *w = arena_alloc(&c->req->arena, sizeof *w);
    *w = (struct wait){.call = c, .id = *id, .patient = wait_ms > 0, .told = wait_ms <= 0, .waiter = {.id = *id, .on_ended = on_ended}};
    c->req->user = w;
    if (wait_ms > 0) {
        waiters_join(&s->waiters, &w->waiter);
        turn_timer(s->turn, &w->timer, wait_ms, on_time);
    }
    ask(w);
}
