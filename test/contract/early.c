/* SPDX-License-Identifier: Apache-2.0
 *
 * The request is answered, counted once more as outstanding, and only then given to the store behind.
 */
#include "test/contract/early.h"

#include "base/mem.h"
#include "test/contract/contract.h"

struct early {
    struct store store;
    struct store *inner;
    struct later later;
    struct list waiting;
    void (*on_closed)(void *user);
    void *user;
};

static void on_early_done(struct store_req *r)
{
    struct contract *c = r->user;
    if (--c->pending == 0) loop_stop(c->loop); /* it was counted once more below */
}

static void on_early(struct later *l)
{
    struct early *e = CONTAINER_OF(l, struct early, later);
    for (struct list *link; (link = list_shift(&e->waiting));) {
        struct store_req *r = CONTAINER_OF(link, struct store_req, link);
        ((struct contract *)r->user)->pending++;
        r->err = 0;
        r->on_done(r);
        r->on_done = on_early_done;
        e->inner->engine->submit(e->inner, r);
    }
}

static void early_submit(struct store *s, struct store_req *r)
{
    struct early *e = CONTAINER_OF(s, struct early, store);
    if (r->op != STORE_ADD) {
        e->inner->engine->submit(e->inner, r);
        return;
    }
    list_push(&e->waiting, &r->link);
    turn_later(s->turn, &e->later, on_early);
}

static void on_early_closed(void *user)
{
    struct early *e = user;
    void (*on_closed)(void *user) = e->on_closed;
    void *closed_user = e->user;
    free(e);
    on_closed(closed_user);
}

static void early_close(struct store *s, void (*on_closed)(void *user), void *user)
{
    struct early *e = CONTAINER_OF(s, struct early, store);
    e->on_closed = on_closed;
    e->user = user;
    store_close(e->inner, on_early_closed, e);
}

struct store *early_open(struct store *inner)
{
    static const struct store_engine engine = {"early", early_submit, early_close};
    struct early *e = mem_new(sizeof *e);
    e->store = *inner;
    e->store.engine = &engine;
    e->inner = inner;
    list_init(&e->later.link);
    list_init(&e->waiting);
    return &e->store;
}
