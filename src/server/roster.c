/* SPDX-License-Identifier: Apache-2.0
 *
 * Posts from the configuration.
 */
#include "server/roster.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static void add(struct roster *r, const struct roster_conf *conf, struct handler *h, const char *name)
{
    h->user = conf->user;
    h->on_room = conf->on_room;
    h->on_event = conf->on_event;
    r->posts[r->n++] = (struct post){.handler = h, .name = str_of(name)};
}

void roster_open(struct roster *r, const struct roster_conf *conf)
{
    const struct config *c = conf->config;
    *r = (struct roster){.config = c};
    r->posts = mem_new((c->n_workers + c->n_types + 1) * sizeof *r->posts);
    struct handler *h;
    for (size_t i = 0; i < c->n_workers; i++) {
        int err = worker_pool_new(&h, conf->turn, conf->spawner, &c->workers[i]);
        assert(err == 0);
        add(r, conf, h, c->workers[i].name);
    }
    for (size_t i = 0; i < c->n_types; i++) {
        if (c->types[i].worker) continue;
        int err = exec_new(&h, conf->turn, conf->spawner, &c->types[i].exec);
        assert(err == 0);
        add(r, conf, h, c->types[i].name);
    }
}

struct post *roster_post(const struct roster *r, struct str type)
{
    const struct config_type *t = config_type_find(r->config, type);
    if (!t) return NULL;
    struct str name = str_of(t->worker ? t->worker : t->name);
    size_t from = t->worker ? 0 : r->config->n_workers, to = t->worker ? r->config->n_workers : r->n;
    for (size_t i = from; i < to; i++)
        if (str_eq(r->posts[i].name, name)) return &r->posts[i];
    assert(!"every type of a checked configuration has its post");
    return NULL;
}

int roster_room(const struct post *p)
{
    if (p->hold_until_ms > turn_mono_ms(p->handler->turn)) return 0;
    int room = p->handler->ops->room(p->handler) - p->reserved;
    return room > 0 ? room : 0;
}

static void on_one_drained(void *user)
{
    struct roster *r = user;
    if (--r->draining == 0) r->on_drained(r->drained_user);
}

void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user)
{
    r->on_drained = on_drained;
    r->drained_user = user;
    r->draining = r->n + 1; /* one for this loop, so that it cannot end inside it */
    for (size_t i = 0; i < r->n; i++) r->posts[i].handler->ops->drain(r->posts[i].handler, on_one_drained, r);
    on_one_drained(r);
}

void roster_close(struct roster *r)
{
    for (size_t i = 0; i < r->n; i++) r->posts[i].handler->ops->free(r->posts[i].handler);
    free(r->posts);
    *r = (struct roster){0};
}
