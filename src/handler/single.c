/* SPDX-License-Identifier: Apache-2.0
 *
 * See single.h.
 */
#include "handler/single.h"
#include "handler/rss.h"
#include <assert.h>
#include <stdio.h>

static struct single *single_of(struct handler *h) { return CONTAINER_OF(h, struct single, handler); }

static int room(struct handler *h)
{
    const struct single *s = single_of(h);
    return s->draining || s->n_items >= s->concurrency ? 0 : s->concurrency - s->n_items;
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

static bool empty(struct handler *h) { return room(h) > 0; /* each is by itself */ }

static void want(struct handler *h, size_t waiting, int32_t priority)
{
    (void)h;
    (void)waiting, (void)priority; /* nothing is started ahead of a task */
}

static int start(struct handler *h, struct attempt *const *one, size_t n, struct err *e)
{
    struct single *s = single_of(h);
    struct single_item *i;
    assert(n == 1);
    (void)n;
    one[0]->inside = NULL;
    if (s->draining) return err_set(e, ERR_DRAINING, "no more of %s are started", s->name);
    int rc = s->kind->begin(s, one[0], &i, e);
    if (rc != 0) return rc;
    one[0]->inside = i;
    i->of = s;
    i->serial = ++s->serial;
    list_push(&s->items, &i->link);
    s->n_items++;
    return 0;
}

static void stop_one(struct handler *h, struct attempt *a, enum stop_reason why)
{
    struct single_item *i = a->inside;
    (void)h;
    if (i) i->stop(i, why);
}

static enum handler_wait waiting(struct handler *h, struct err *ret_detail)
{
    const struct single *s = single_of(h);
    if (room(h) > 0) return HANDLER_READY;
    if (s->draining) err_set(ret_detail, ERR_DRAINING, "no more of %s are started", s->name);
    else err_set(ret_detail, ERR_AGAIN, "%d of %d %s of %s are under way", s->n_items, s->concurrency, s->kind->many, s->name);
    return HANDLER_BUSY;
}

/* ---- the workers, for people ---- */

#define ID_SIZE 256 /* a worker's id: the type and a number */

static struct str id_of(const struct single_item *i, char id[ID_SIZE])
{
    int len = snprintf(id, ID_SIZE, "%s-%lld", i->of->name, (long long)i->serial);
    return (struct str){id, len < ID_SIZE ? (size_t)len : ID_SIZE - 1};
}

static void each(struct handler *h, void (*f)(void *user, const struct worker_view *v), void *user)
{
    const struct single *s = single_of(h);
    LIST_EACH(link, &s->items)
    {
        const struct single_item *i = CONTAINER_OF(link, struct single_item, link);
        char id[ID_SIZE];
        struct worker_view view = {.id = id_of(i, id),
                                   .pool = str_of(s->name),
                                   .state = i->stopping ? "stopping" : "busy",
                                   .state_since_ms = i->stopping ? 0 : i->started_wall_ms,
                                   .pid = i->child ? i->child->pid : 0,
                                   .started_at_ms = i->started_wall_ms,
                                   .rss_bytes = i->child ? rss_of(i->child->pid) : 0,
                                   .open = (const struct attempt *const *)&i->attempt,
                                   .n_open = 1,
                                   .max_batch = 1,
                                   .concurrency = 1,
                                   .sandbox = s->sandbox};
        f(user, &view);
    }
}

/* It is ended by its task's cancel. */
static int control(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e)
{
    const struct single *s = single_of(h);
    (void)verb;
    LIST_EACH(link, &s->items)
    {
        const struct single_item *i = CONTAINER_OF(link, struct single_item, link);
        char id[ID_SIZE], task[ID_TEXT];
        if (!str_eq(id_of(i, id), worker_id)) continue;
        id_format(&i->attempt->task->id, task);
        return err_set(e, ERR_CONFLICT, "%s is the %s of one task and ends with it: cancel the task, %s", id, s->kind->one, task);
    }
    return err_set(e, ERR_NOT_FOUND, "%s has no such %s", s->name, s->kind->one);
}

/* ---- the end ---- */

static void on_later(struct later *l)
{
    struct single *s = CONTAINER_OF(l, struct single, drained);
    void (*on_drained)(void *user) = s->on_drained;
    s->on_drained = NULL;
    if (on_drained) on_drained(s->drained_user); /* may free the handler */
}

static void look_drained(struct single *s)
{
    if (s->draining && s->n_items == 0 && s->n_settling == 0) turn_later(s->handler.turn, &s->drained, on_later);
}

static void drain(struct handler *h, void (*on_drained)(void *user), void *user)
{
    struct single *s = single_of(h);
    assert(!s->draining);
    s->draining = true;
    s->on_drained = on_drained;
    s->drained_user = user;
    look_drained(s);
}

static void free_single(struct handler *h)
{
    struct single *s = single_of(h);
    assert(s->n_items == 0 && s->n_settling == 0);
    turn_later_cancel(&s->drained);
    s->kind->free(s);
}

static const struct handler_ops ops = {room, ahead, batch, empty, want, start, stop_one, waiting, each, control, drain, free_single};

void single_init(struct single *s, const struct single_kind *kind, struct turn *turn, const char *name, int concurrency)
{
    *s = (struct single){.handler = {.ops = &ops, .turn = turn}, .kind = kind, .name = name, .concurrency = concurrency};
    list_init(&s->items);
    list_init(&s->drained.link);
}

void single_item_init(struct single_item *i, struct attempt *a, struct turn *turn,
                      void (*stop)(struct single_item *i, enum stop_reason why))
{
    *i = (struct single_item){.attempt = a, .started_wall_ms = turn_wall_ms(turn), .stop = stop};
    list_init(&i->link);
}

void single_decided(struct single_item *i, const struct verdict *v)
{
    struct single *s = i->of;
    struct attempt *a = i->attempt;
    bool was_full = s->n_items-- == s->concurrency;
    list_remove(&i->link);
    s->n_settling++;
    a->events->on_verdict(a, v);
    if (was_full && s->handler.on_room) s->handler.on_room(&s->handler);
}

void single_settled(struct single_item *i)
{
    struct single *s = i->of;
    s->n_settling--;
    look_drained(s);
}
