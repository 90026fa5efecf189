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
#include "handler/resources.h"
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
    size_t preload;         /* processes to start for no task, until it is told */
    size_t waiting;         /* batches that wait for this pool, as last told */
    int32_t priority;       /* of the best of them */
    bool changed;           /* room may have grown */
    bool nearly;            /* a process should have room in a moment */
    bool draining;
    struct resource_user resources;
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

/* Of the largest batch that this one would take now. */
static int batch_of(const struct worker *w)
{
    int most = worker_slot_room(w);
    return most < w->max_batch ? most : w->max_batch;
}

static int room(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    int n = 0;
    for (size_t i = 0; i < p->n && !p->draining; i++)
        n += (worker_slot_room(&p->workers[i]) + p->workers[i].max_batch - 1) / p->workers[i].max_batch;
    return n;
}

static int batch(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    int now = 0, then = 1;
    for (size_t i = 0; i < p->n; i++) {
        int n = batch_of(&p->workers[i]);
        if (n > now) now = n;
        if (p->workers[i].max_batch > then) then = p->workers[i].max_batch;
    }
    return now > 0 ? now : then;
}

static int ahead(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    int n = 0;
    for (size_t i = 0; i < p->n && !p->draining; i++) n += worker_slot_ahead(&p->workers[i]);
    return n;
}

static bool empty(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    for (size_t i = 0; i < p->n && !p->draining; i++)
        if (p->workers[i].n_open == 0 && worker_slot_room(&p->workers[i]) > 0) return true;
    return false;
}

/* Batches that a process takes at one time; of one that has not said so yet, what the one before it in its place said. */
static size_t width(const struct worker *w) { return (size_t)(w->concurrency + w->max_batch - 1) / (size_t)w->max_batch; }

/* As many as there are batches for which there is no room, nor anything on its way; and those that are held or to be
 * preloaded. They are started, or, when they need resources, asked for. */
static void start_wanted(struct worker_pool *p)
{
    size_t coming = (size_t)room(&p->handler), asks = 0, there = p->n - count(p, WORKER_OFF);
    bool preloads = false;
    for (size_t i = 0; i < p->n; i++)
        if (p->workers[i].state == WORKER_STARTING) coming += width(&p->workers[i]);
    for (size_t i = 0; i < p->n; i++) {
        struct worker *w = &p->workers[i];
        bool is_wanted = coming < p->waiting;
        if (w->state != WORKER_OFF || !(w->held || is_wanted || there < p->preload)) continue;
        there++;
        if (!p->resources.of) worker_start(w);
        asks += is_wanted;
        preloads |= !is_wanted;
        if (w->state == WORKER_STARTING || p->resources.of) coming += width(w);
    }
    resources_ask(&p->resources, asks, preloads, p->priority);
}

/* What it needs is free. */
static void start_one(struct resource_user *u)
{
    struct worker_pool *p = CONTAINER_OF(u, struct worker_pool, resources);
    struct worker *off = NULL;
    for (size_t i = 0; i < p->n; i++)
        if (p->workers[i].state == WORKER_OFF && (!off || (p->workers[i].held && !off->held))) off = &p->workers[i];
    if (off) worker_start(off);
}

static void end_rested(struct worker_pool *p)
{
    for (size_t i = 0; i < p->n && p->waiting == 0 && p->preload == 0; i++) {
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
    bool tell = p->nearly || (p->changed && room(&p->handler) > 0);
    p->changed = p->nearly = false;
    if (tell && p->handler.on_room) p->handler.on_room(&p->handler);
}

static void look_later(struct worker_pool *p) { turn_later(p->handler.turn, &p->later, look); }

static void on_change(struct worker *w)
{
    struct worker_pool *p = w->user;
    p->changed = true;
    resources_changed(&p->resources);
    look_later(p);
}

static void on_event(struct worker *w, enum log_level level, const char *what)
{
    struct worker_pool *p = w->user;
    if (p->handler.on_event) p->handler.on_event(&p->handler, level, what);
}

static void on_nearly(struct worker *w)
{
    struct worker_pool *p = w->user;
    p->nearly = true;
    look_later(p);
}

static const struct worker_events worker_events = {on_change, on_nearly, on_event};

static void want(struct handler *h, size_t waiting, int32_t priority)
{
    struct worker_pool *p = pool_of(h);
    p->waiting = waiting;
    p->priority = priority;
    p->preload = 0;
    look_later(p);
}

static bool is_better(const struct worker *a, const struct worker *b)
{
    return a->n_open != b->n_open ? a->n_open < b->n_open : a->idle_at_ms > b->idle_at_ms;
}

static bool takes(const struct worker *w, const struct attempt *first, size_t n)
{
    return batch_of(w) >= (int)n && (!first->alone || w->n_open == 0);
}

/* Of those that take it the one with the least to do, and of the free ones the one that was idle last. */
static struct worker *warmest(struct worker_pool *p, const struct attempt *first, size_t n)
{
    struct worker *best = NULL;
    for (size_t i = 0; i < p->n; i++) {
        struct worker *w = &p->workers[i];
        if (takes(w, first, n) && (!best || is_better(w, best))) best = w;
    }
    return best;
}

static int start(struct handler *h, struct attempt *const *a, size_t n, struct err *e)
{
    struct worker_pool *p = pool_of(h);
    struct worker *w;
    for (size_t i = 0; i < n; i++) a[i]->inside = NULL;
    if (p->draining) return err_set(e, ERR_DRAINING, "the workers of %s are being stopped", p->conf->name);
    int rc = err_set(e, ERR_AGAIN, "no worker of %s is free", p->conf->name);
    while ((rc == ERR_AGAIN || rc == ERR_AWAY) && (w = warmest(p, a[0], n))) {
        rc = worker_slot_give(w, a, n, e);
        if (takes(w, a[0], n)) break; /* one that does not take it is free no more, unless it was nothing of its doing */
    }
    if (rc == 0 && p->waiting > 0) p->waiting--; /* until it is told anew */
    return rc;
}

static void stop(struct handler *h, struct attempt *a, enum stop_reason why)
{
    (void)h;
    if (a->inside) worker_slot_stop(a, why);
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
    if (resources_waits(&p->resources, ret_detail)) return HANDLER_SCARCE;
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
    resources_ask(&p->resources, 0, false, 0);
    for (size_t i = 0; i < p->n; i++) worker_drain(&p->workers[i]);
    look_later(p);
}

static void free_pool(struct handler *h)
{
    struct worker_pool *p = pool_of(h);
    turn_later_cancel(&p->later);
    resources_leave(&p->resources);
    for (size_t i = 0; i < p->n; i++) worker_release(&p->workers[i]);
    free(p->workers);
    free(p);
}

static const struct handler_ops ops = {room, ahead, batch, empty, want, start, stop, waiting, each, control, drain, free_pool};

int worker_pool_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct worker_pool_conf *conf)
{
    struct worker_pool *p = mem_new(sizeof *p);
    p->handler = (struct handler){.ops = &ops, .turn = turn};
    p->conf = conf;
    p->n = conf->instances > 1 ? (size_t)conf->instances : 1;
    p->preload = (size_t)conf->preload < p->n ? (size_t)conf->preload : p->n;
    p->workers = mem_new(p->n * sizeof *p->workers);
    for (size_t i = 0; i < p->n; i++)
        worker_init(&p->workers[i], conf, (int)i + 1, turn, spawner, &worker_events, p);
    p->resources = (struct resource_user){.workers = p->workers, .n = p->n, .waiting = &p->waiting, .start = start_one};
    resources_join(&p->resources, conf->needs && conf->needs->name ? conf->resources : NULL);
    look_later(p);
    *ret = &p->handler;
    return 0;
}
