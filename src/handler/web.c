/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `http`: a list of attempts at somebody else's server, `concurrency` of them at a time.
 */
#include "handler/web.h"
#include "base/mem.h"
#include "handler/web_run.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct web {
    struct handler handler;
    struct fetcher *fetcher;
    struct web_desk *desk;
    const struct web_conf *conf;
    struct list items; /* of struct web_item, those without a verdict */
    int n_items;
    int n_settling;    /* with a verdict that is on its way to the store */
    int64_t serial;
    bool draining;
    void (*on_drained)(void *user); /* NULL: not asked for, or called */
    void *drained_user;
    struct later drained;
};

static struct web *web_of(struct handler *h) { return CONTAINER_OF(h, struct web, handler); }

static int room(struct handler *h)
{
    const struct web *w = web_of(h);
    return w->draining || w->n_items >= w->conf->concurrency ? 0 : w->conf->concurrency - w->n_items;
}

static int ahead(struct handler *h)
{
    (void)h;
    return 0;
}

static int batch(struct handler *h)
{
    (void)h;
    return 1;
}

static bool empty(struct handler *h)
{
    (void)h;
    return true; /* each is by itself */
}

static void want(struct handler *h, size_t waiting, int32_t priority)
{
    (void)h;
    (void)waiting, (void)priority; /* nothing is started ahead of a task */
}

static void on_later(struct later *l)
{
    struct web *w = CONTAINER_OF(l, struct web, drained);
    void (*on_drained)(void *user) = w->on_drained;
    w->on_drained = NULL;
    if (on_drained) on_drained(w->drained_user); /* may free the handler */
}

static void look_drained(struct web *w)
{
    if (w->draining && w->n_items == 0 && w->n_settling == 0) turn_later(w->handler.turn, &w->drained, on_later);
}

static void on_verdict(struct web_item *i)
{
    struct web *w = i->user;
    w->n_items--;
    w->n_settling++;
    if (w->handler.on_room) w->handler.on_room(&w->handler);
}

static void on_settled(struct web_item *i)
{
    struct web *w = i->user;
    w->n_settling--;
    look_drained(w);
}

static int start(struct handler *h, struct attempt *const *one, size_t n, struct err *e)
{
    struct web *w = web_of(h);
    assert(n == 1);
    (void)n;
    one[0]->inside = NULL;
    if (w->draining) return err_set(e, ERR_DRAINING, "no more of %s are started", w->conf->name);
    struct web_item *i = web_run_start(one[0], w->conf, h->turn, w->fetcher, w->desk);
    i->user = w;
    i->on_verdict = on_verdict;
    i->on_settled = on_settled;
    i->serial = ++w->serial;
    list_push(&w->items, &i->link);
    w->n_items++;
    return 0;
}

static void stop(struct handler *h, struct attempt *a, enum stop_reason why)
{
    (void)h;
    if (a->inside) web_run_stop(a->inside, why);
}

static enum handler_wait waiting(struct handler *h, struct err *ret_detail)
{
    const struct web *w = web_of(h);
    if (w->draining) err_set(ret_detail, ERR_DRAINING, "no more of %s are started", w->conf->name);
    else if (w->n_items >= w->conf->concurrency)
        err_set(ret_detail, ERR_AGAIN, "%d of %d requests of %s are under way", w->n_items, (int)w->conf->concurrency, w->conf->name);
    else return HANDLER_READY;
    return HANDLER_BUSY;
}

#define WEB_ID 256 /* a worker's id: the type and a number */

static struct str id_of(const struct web *w, const struct web_item *i, char id[WEB_ID])
{
    int len = snprintf(id, WEB_ID, "%s-%lld", w->conf->name, (long long)i->serial);
    return (struct str){id, len < WEB_ID ? (size_t)len : WEB_ID - 1};
}

static void each(struct handler *h, void (*f)(void *user, const struct worker_view *v), void *user)
{
    const struct web *w = web_of(h);
    LIST_EACH(link, &w->items)
    {
        const struct web_item *i = CONTAINER_OF(link, struct web_item, link);
        char id[WEB_ID];
        struct worker_view view = {.id = id_of(w, i, id),
                                   .pool = str_of(w->conf->name),
                                   .state = i->stopping ? "stopping" : "busy",
                                   .state_since_ms = i->stopping ? 0 : i->started_wall_ms,
                                   .started_at_ms = i->started_wall_ms,
                                   .open = (const struct attempt *const *)&i->attempt,
                                   .n_open = 1,
                                   .max_batch = 1,
                                   .concurrency = 1};
        f(user, &view);
    }
}

/* A request is ended by its task's cancel. */
static int control(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e)
{
    const struct web *w = web_of(h);
    (void)verb;
    LIST_EACH(link, &w->items)
    {
        const struct web_item *i = CONTAINER_OF(link, struct web_item, link);
        char id[WEB_ID], task[ID_TEXT];
        if (!str_eq(id_of(w, i, id), worker_id)) continue;
        id_format(&i->attempt->task->id, task);
        return err_set(e, ERR_CONFLICT, "%s is the request of one task and ends with it: cancel the task, %s", id, task);
    }
    return err_set(e, ERR_NOT_FOUND, "%s has no such request", w->conf->name);
}

static void drain(struct handler *h, void (*on_drained)(void *user), void *user)
{
    struct web *w = web_of(h);
    assert(!w->draining);
    w->draining = true;
    w->on_drained = on_drained;
    w->drained_user = user;
    look_drained(w);
}

static void free_web(struct handler *h)
{
    struct web *w = web_of(h);
    assert(list_empty(&w->items) && w->n_settling == 0);
    turn_later_cancel(&w->drained);
    free(w);
}

static const struct handler_ops ops = {room, ahead, batch, empty, want, start, stop, waiting, each, control, drain, free_web};

int web_new(struct handler **ret, struct turn *turn, struct fetcher *fetcher, struct web_desk *desk, const struct web_conf *conf)
{
    struct web *w = mem_new(sizeof *w);
    w->handler = (struct handler){.ops = &ops, .turn = turn};
    w->fetcher = fetcher;
    w->desk = desk;
    w->conf = conf;
    list_init(&w->items);
    list_init(&w->drained.link);
    *ret = &w->handler;
    return 0;
}
