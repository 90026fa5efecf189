/* SPDX-License-Identifier: Apache-2.0
 *
 * See pull.h: one type's side of the desk.
 */
#include "handler/pull.h"

#include "base/buf.h"
#include "base/mem.h"
#include "handler/pull_held.h"

#include <assert.h>
#include <stdlib.h>

static struct pull *pull_of(struct handler *h) { return CONTAINER_OF(h, struct pull, handler); }

/* Of all its types together: for who does not ask about one. */
static int room(struct handler *h)
{
    struct pull *p = pull_of(h);
    return p->draining ? 0 : pull_desk_room(p->desk, str_of(p->conf->name));
}

static int ahead(struct handler *h)
{
    (void)h;
    return 0;
}

static void want(struct handler *h, size_t waiting, int32_t priority)
{
    (void)h;
    (void)waiting, (void)priority; /* who pulls comes by itself */
}

static int room_for(struct handler *h, struct str type)
{
    struct pull *p = pull_of(h);
    return p->draining ? 0 : pull_desk_room(p->desk, type);
}

static void keep(struct handler *h, struct str type, int n) { pull_desk_keep(pull_of(h)->desk, type, n); }
static void let_go(struct handler *h, struct str type, int n) { pull_desk_let_go(pull_of(h)->desk, type, n); }

static bool has_place(struct handler *h, struct str type)
{
    struct pull *p = pull_of(h);
    return !p->draining && pull_desk_has_place(p->desk, type);
}

static int batch(struct handler *h)
{
    (void)h;
    return 1; /* who claims several has them one by one: each has its own place in its queue */
}

static bool empty(struct handler *h)
{
    (void)h;
    return true; /* who has several of them has them apart */
}

static int start(struct handler *h, struct attempt *const *a, size_t n, struct err *e)
{
    struct pull *p = pull_of(h);
    assert(n == 1);
    a[0]->inside = NULL;
    if (p->draining) return err_set(e, ERR_DRAINING, "no more of %s are given away", p->conf->name);
    return pull_desk_give(p->desk, p, a[0], e);
}

static void resume(struct handler *h, struct attempt *a)
{
    struct pull *p = pull_of(h);
    pull_held_resume(p->desk, p, a);
}

static void leave(struct handler *h, struct attempt *a)
{
    (void)h;
    pull_held_forget(a->inside);
}

static void stop(struct handler *h, struct attempt *a, enum stop_reason why)
{
    (void)h;
    if (a->inside) pull_held_stop(a->inside, why);
}

static enum handler_wait waiting_for(struct handler *h, struct str type)
{
    struct pull *p = pull_of(h);
    if (p->draining) return HANDLER_BUSY;
    if (pull_desk_room(p->desk, type) > 0) return HANDLER_READY;
    return pull_desk_is_asked(p->desk, type) ? HANDLER_BUSY : HANDLER_ABSENT;
}

static enum handler_wait waiting(struct handler *h, struct err *ret_detail)
{
    struct pull *p = pull_of(h);
    enum handler_wait why = waiting_for(h, str_of(p->conf->name));
    if (why != HANDLER_READY) err_set(ret_detail, ERR_AGAIN, "no puller of %s is free", p->conf->name);
    return why;
}

/* ---- the workers, for people ---- */

struct view {
    struct worker_view w;
    struct buf id;
    const struct attempt **open;
};

static struct str id_of(const struct pull *p, const struct puller *who, struct buf *b)
{
    buf_clear(b);
    buf_add_format(b, "%s/%.*s", p->conf->name, STR_ARG(who->name));
    return buf_str(b);
}

static void tell(struct pull *p, const struct puller *who, struct view *v)
{
    size_t n = 0;
    LIST_EACH(l, &p->held)
    {
        const struct pull_held *h = CONTAINER_OF(l, struct pull_held, link);
        if (h->puller == who && h->state != PULL_SETTLING) v->open[n++] = h->attempt;
    }
    bool asks = who->n_claims > 0 && puller_asks_for(who, str_of(p->conf->name));
    v->w = (struct worker_view){.id = id_of(p, who, &v->id),
                                .pool = str_of(p->conf->name),
                                .state = n ? "busy" : asks ? "idle" : "away",
                                .loaded = true,
                                .max_batch = 1,
                                .concurrency = 1,
                                .started_at_ms = who->first_wall_ms,
                                .tasks = who->tasks,
                                .open = v->open,
                                .n_open = n,
                                .host = who->host,
                                .seen_at_ms = who->seen_wall_ms};
}

static void each(struct handler *h, void (*f)(void *user, const struct worker_view *w), void *user)
{
    struct pull *p = pull_of(h);
    struct view v = {.open = mem_new((p->desk->held.n + 1) * sizeof *v.open)};
    buf_init(&v.id, 2 * LIMIT_NAME + 16);
    LIST_EACH(l, &p->desk->pullers.all)
    {
        const struct puller *who = CONTAINER_OF(l, struct puller, link);
        tell(p, who, &v);
        if (v.w.n_open || puller_asks_for(who, str_of(p->conf->name))) f(user, &v.w);
    }
    buf_release(&v.id);
    free((void *)v.open);
}

/* Its process is not ours. */
static int control(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e)
{
    struct pull *p = pull_of(h);
    struct buf id;
    (void)verb;
    int rc = err_set(e, ERR_NOT_FOUND, "%s has no such puller", p->conf->name);
    buf_init(&id, 2 * LIMIT_NAME + 16);
    LIST_EACH(l, &p->desk->pullers.all)
    {
        const struct puller *who = CONTAINER_OF(l, struct puller, link);
        if (str_eq(id_of(p, who, &id), worker_id))
            rc = err_set(e, ERR_CONFLICT, "%.*s pulls its tasks: stop it where it runs, or cancel its task", STR_ARG(who->name));
    }
    buf_release(&id);
    return rc;
}

/* ---- ending ---- */

static void on_later(struct later *l)
{
    struct pull *p = CONTAINER_OF(l, struct pull, drained);
    void (*on_drained)(void *user) = p->on_drained;
    p->on_drained = NULL;
    if (on_drained) on_drained(p->drained_user); /* may free the handler */
}

void pull_one_over(struct pull *p)
{
    if (p->draining && list_empty(&p->held)) turn_later(p->handler.turn, &p->drained, on_later);
}

static void drain(struct handler *h, void (*on_drained)(void *user), void *user)
{
    struct pull *p = pull_of(h);
    assert(!p->draining);
    p->draining = true;
    p->on_drained = on_drained;
    p->drained_user = user;
    pull_one_over(p);
}

static void free_pull(struct handler *h)
{
    struct pull *p = pull_of(h);
    assert(list_empty(&p->held));
    turn_later_cancel(&p->drained);
    list_remove(&p->link);
    free(p);
}

static const struct handler_ops ops = {.room = room,
                                       .ahead = ahead,
                                       .batch = batch,
                                       .empty = empty,
                                       .want = want,
                                       .start = start,
                                       .stop = stop,
                                       .waiting = waiting,
                                       .each = each,
                                       .control = control,
                                       .drain = drain,
                                       .free = free_pull};
static const struct handler_typed typed = {room_for, keep, let_go, has_place, resume, leave, waiting_for};

int pull_new(struct handler **ret, struct turn *turn, struct pull_desk *desk, const struct pull_conf *conf)
{
    struct pull *p = mem_new(sizeof *p);
    p->handler = (struct handler){.ops = &ops, .typed = &typed, .turn = turn};
    p->conf = conf;
    p->desk = desk;
    list_init(&p->held);
    list_init(&p->drained.link);
    list_push(&desk->posts, &p->link);
    *ret = &p->handler;
    return 0;
}
