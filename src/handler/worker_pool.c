/* SPDX-License-Identifier: Apache-2.0
 *
 * The pool: which of its workers are started, which one gets the next attempt, which one is unloaded. A worker says
 * that something changed; the pool looks at all of them in the next turn (look()), never from inside a callback, so
 * that thirty-two wishes start one process once. A free choice goes to the worker that was idle last: its memory is
 * warm, and the others reach the end of their keep_alive.
 */
#include "handler/worker_pool.h"
#include "base/mem.h"
#include "base/text.h"
#include "handler/worker.h"
#include "handler/worker_slot.h"
#include "handler/worker_wish.h"
#include <assert.h>
#include <stdlib.h>

struct worker_pool {
    struct handler handler;
    const struct worker_pool_conf *conf;
    struct worker *workers; /* owned, n of them, in place */
    size_t n;
    size_t waiting;         /* tasks that wait for this pool, as last told */
    bool changed;           /* room may have grown */
    bool draining;
    void (*on_drained)(void *user); /* NULL: not asked for, or called */
    void *drained_user;
    struct later later;     /* look() */
};

static struct worker_pool *pool_of(struct handler *h) { return CONTAINER_OF(h, struct worker_pool, handler); }

static size_t count(const struct worker_pool *p, enum worker_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) n += p->workers[i].state == state;
    return n;
}

static int room(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    int n = 0;
    for (size_t i = 0; i < p->n && !p->draining; i++) n += worker_has_room(&p->workers[i]);
    return n;
}

static int ahead(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    int n = 0;
    for (size_t i = 0; i < p->n && !p->draining; i++) n += worker_slot_ahead(&p->workers[i]);
    return n;
}

/* Starts as many as there are tasks for which nothing is idle or on its way; and those that are held. */
static void start_wanted(struct worker_pool *p)
{
    size_t coming = count(p, WORKER_STARTING) + count(p, WORKER_IDLE);
    for (size_t i = 0; i < p->n; i++) {
        struct worker *w = &p->workers[i];
        if (w->state != WORKER_OFF || !(w->held || coming < p->waiting)) continue;
        worker_start(w);
        coming += w->state == WORKER_STARTING;
    }
}

static void end_rested(struct worker_pool *p)
{
    for (size_t i = 0; i < p->n && p->waiting == 0; i++) {
        if (!worker_is_rested(&p->workers[i])) continue;
        p->workers[i].held = false;
        worker_end(&p->workers[i]);
    }
}

static void look(struct later *l)
{
    struct worker_pool *p = CONTAINER_OF(l, struct worker_pool, later);
    if (p->draining) {
        void (*on_drained)(void *user) = p->on_drained;
        if (!on_drained || count(p, WORKER_OFF) < p->n) return;
        p->on_drained = NULL;
        on_drained(p->drained_user); /* may free the pool */
        return;
    }
    start_wanted(p);
    end_rested(p);
    bool tell = p->changed && room(&p->handler) > 0;
    p->changed = false;
    if (tell && p->handler.on_room) p->handler.on_room(&p->handler);
}

static void look_later(struct worker_pool *p) { turn_later(p->handler.turn, &p->later, look); }

static void on_change(struct worker *w)
{
    struct worker_pool *p = w->user;
    p->changed = true;
    look_later(p);
}

static void on_event(struct worker *w, enum log_level level, const char *what)
{
    struct worker_pool *p = w->user;
    if (p->handler.on_event) p->handler.on_event(&p->handler, level, what);
}

static const struct worker_events worker_events = {on_change, on_event};

static void want(struct handler *h, size_t waiting)
{
    struct worker_pool *p = pool_of(h);
    p->waiting = waiting;
    look_later(p);
}

/* The free one that was idle last. */
static struct worker *warmest(struct worker_pool *p)
{
    struct worker *best = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct worker *w = &p->workers[i];
        if (worker_has_room(w) && (!best || w->idle_at_ms > best->idle_at_ms)) best = w;
    }
    return best;
}

static int start(struct handler *h, struct attempt *a, struct err *e)
{
    struct worker_pool *p = pool_of(h);
    struct worker *w;
    a->inside = NULL;
    if (p->draining) return err_set(e, ERR_DRAINING, "the workers of %s are being stopped", p->conf->name);
    int rc = err_set(e, ERR_AGAIN, "no worker of %s is free", p->conf->name);
    while (rc == ERR_AGAIN && (w = warmest(p))) rc = worker_slot_give(w, a, e); /* one that does not take it is free no more */
    if (rc == 0 && p->waiting > 0) p->waiting--; /* until it is told anew */
    return rc;
}

static void stop(struct handler *h, struct attempt *a, enum stop_reason why)
{
    (void)h;
    if (a->inside) worker_slot_stop(a->inside, a, why);
}

static const struct worker *first_in(const struct worker_pool *p, enum worker_state state)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->workers[i].state == state) return &p->workers[i];
    return NULL;
}

/* The reason of a worker that is waiting to be tried again, and when that is. */
static void tell_reason(const struct worker_pool *p, const struct worker *w, struct err *ret)
{
    struct buf in;
    buf_init(&in, 64);
    text_add_duration(&in, (worker_retry_in_ms(w) + 999) / 1000 * 1000);
    err_set(ret, ERR_AGAIN, "%s: %.*s; tried again in %.*s", p->conf->name,
            w->reason.len < 256 ? (int)w->reason.len : 256, w->reason.p ? w->reason.p : "", STR_ARG(buf_str(&in)));
    buf_release(&in);
}

static enum handler_wait waiting(struct handler *h, struct err *ret_detail)
{
    struct worker_pool *p = pool_of(h);
    const struct worker *w;
    if (room(h) > 0) return HANDLER_READY;
    if ((w = first_in(p, WORKER_STARTING))) {
        err_set(ret_detail, ERR_AGAIN, "%s is starting", w->id);
        return HANDLER_STARTING;
    }
    if (p->draining || first_in(p, WORKER_IDLE) || first_in(p, WORKER_BUSY) || first_in(p, WORKER_STOPPING)) {
        err_set(ret_detail, ERR_AGAIN, "every worker of %s is busy", p->conf->name);
        return HANDLER_BUSY;
    }
    if ((w = first_in(p, WORKER_BACKOFF))) {
        tell_reason(p, w, ret_detail);
        return HANDLER_STARTING;
    }
    if ((w = first_in(p, WORKER_BROKEN))) {
        tell_reason(p, w, ret_detail);
        return HANDLER_BROKEN;
    }
    err_set(ret_detail, ERR_AGAIN, "%s is not started yet", p->conf->name);
    return HANDLER_STARTING;
}

static void each(struct handler *h, void (*f)(void *user, const struct worker_view *w), void *user)
{
    struct worker_pool *p = pool_of(h);
    for (size_t i = 0; i < p->n; i++) {
        struct worker_view view = worker_view(&p->workers[i]);
        f(user, &view);
    }
}

static int wish(struct worker *w, enum handler_verb verb, struct err *e)
{
    switch (verb) {
    case HANDLER_RECYCLE: return worker_wish_recycle(w, e);
    case HANDLER_STOP: return worker_wish_stop(w, e);
    }
    abort();
}

static int control(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e)
{
    struct worker_pool *p = pool_of(h);
    for (size_t i = 0; i < p->n; i++) {
        if (!str_eq(str_of(p->workers[i].id), worker_id)) continue;
        int rc = wish(&p->workers[i], verb, e);
        if (rc == 0 && !p->draining) start_wanted(p); /* now, so that who asked sees a broken one start */
        return rc;
    }
    return err_set(e, ERR_NOT_FOUND, "%s has no such worker", p->conf->name);
}

static void drain(struct handler *h, void (*on_drained)(void *user), void *user)
{
    struct worker_pool *p = pool_of(h);
    assert(!p->draining);
    p->draining = true;
    p->on_drained = on_drained;
    p->drained_user = user;
    for (size_t i = 0; i < p->n; i++) worker_drain(&p->workers[i]);
    look_later(p);
}

static void free_pool(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    turn_later_cancel(&p->later);
    for (size_t i = 0; i < p->n; i++) worker_release(&p->workers[i]);
    free(p->workers);
    free(p);
}

static const struct handler_ops ops = {room, ahead, want, start, stop, waiting, each, control, drain, free_pool};

int worker_pool_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct worker_pool_conf *conf)
{
    struct worker_pool *p = mem_new(sizeof *p);
    p->handler = (struct handler){.ops = &ops, .turn = turn};
    p->conf = conf;
    p->n = conf->instances > 1 ? (size_t)conf->instances : 1;
    p->workers = mem_new(p->n * sizeof *p->workers);
    for (size_t i = 0; i < p->n; i++)
        worker_init(&p->workers[i], conf, (int)i + 1, turn, spawner, &worker_events, p);
    look_later(p);
    *ret = &p->handler;
    return 0;
}
