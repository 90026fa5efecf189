/* SPDX-License-Identifier: Apache-2.0
 *
 * Posts from the configuration.
 */
#include "server/roster.h"

#include "base/mem.h"
#include "server/config_copy.h"

#include <assert.h>
#include <stdlib.h>

/* What a handler was made from and borrows. */
struct duty {
    struct arena arena; /* the texts below */
    bool is_pool;
    struct worker_pool_conf pool;
    struct config_type type; /* of its members only what concerns exec is looked at */
    struct roster *roster;
    struct handler *handler; /* retired: owned */
    struct list link;        /* retired */
};

static struct duty *duty_of_pool(const struct worker_pool_conf *pool)
{
    struct duty *d = mem_new(sizeof *d);
    d->is_pool = true;
    d->pool = *pool;
    d->pool.name = arena_text(&d->arena, str_of(pool->name));
    config_copy_deep(&d->arena, &config_table_worker, &d->pool);
    return d;
}

static struct duty *duty_of_type(const struct config_type *type)
{
    struct duty *d = mem_new(sizeof *d);
    d->type = *type;
    d->type.name = d->type.exec.name = arena_text(&d->arena, str_of(type->name));
    config_copy_deep(&d->arena, &config_table_type, &d->type);
    return d;
}

static void duty_free(struct duty *d)
{
    arena_release(&d->arena);
    free(d);
}

static struct str duty_name(const struct duty *d) { return str_of(d->is_pool ? d->pool.name : d->type.name); }

static bool is_same(const struct duty *a, const struct duty *b)
{
    if (a->is_pool != b->is_pool || !str_eq(duty_name(a), duty_name(b))) return false;
    return a->is_pool ? config_copy_same(&config_table_worker, &a->pool, &b->pool, NULL)
                      : config_copy_same(&config_table_type, &a->type, &b->type, "exec");
}

/* ---- posts ---- */

static void open_post(struct roster *r, struct duty *d)
{
    struct handler *h;
    int err = d->is_pool ? worker_pool_new(&h, r->conf.turn, r->conf.spawner, &d->pool)
                         : exec_new(&h, r->conf.turn, r->conf.spawner, &d->type.exec);
    assert(err == 0);
    h->user = r->conf.user;
    h->on_room = r->conf.on_room;
    h->on_event = r->conf.on_event;
    r->posts[r->n++] = (struct post){.handler = h, .duty = d, .name = duty_name(d)};
}

/* The post of `old` that has this duty stays; else a new one is opened. */
static void fill_post(struct roster *r, struct duty *d, struct post *old, size_t n_old)
{
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i].handler || !is_same(old[i].duty, d)) continue;
        r->posts[r->n++] = old[i];
        old[i].handler = NULL;
        duty_free(d);
        return;
    }
    open_post(r, d);
}

static void fill_posts(struct roster *r, struct post *old, size_t n_old)
{
    const struct config *c = r->conf.config;
    r->posts = mem_new((c->n_workers + c->n_types + 2) * sizeof *r->posts);
    r->n = 0;
    for (size_t i = 0; i < c->n_workers; i++) fill_post(r, duty_of_pool(&c->workers[i]), old, n_old);
    for (size_t i = 0; i < c->n_types; i++)
        if (!c->types[i].worker) fill_post(r, duty_of_type(&c->types[i]), old, n_old);
    if (c->command.name) fill_post(r, duty_of_type(&c->command), old, n_old);
}

void roster_open(struct roster *r, const struct roster_conf *conf)
{
    *r = (struct roster){.conf = *conf};
    list_init(&r->retired);
    fill_posts(r, NULL, 0);
}

/* ---- retiring ---- */

static void on_one_drained(void *user)
{
    struct roster *r = user;
    if (--r->draining == 0) r->on_drained(r->drained_user);
}

static void keep_counts(void *user, const struct worker_view *w)
{
    struct roster *r = user;
    r->loads += w->loads;
    r->restarts += w->restarts;
}

static void on_retired_drained(void *user)
{
    struct duty *d = user;
    struct roster *r = d->roster;
    d->handler->ops->each(d->handler, keep_counts, r);
    list_remove(&d->link);
    d->handler->ops->free(d->handler);
    duty_free(d);
    if (r->on_drained) on_one_drained(r);
}

static void retire(struct roster *r, const struct post *p)
{
    struct duty *d = p->duty;
    assert(p->reserved == 0 && !p->ahead);
    if (d->is_pool) log_info("worker %s: changed or gone; its processes finish their task and end", d->pool.name);
    d->roster = r;
    d->handler = p->handler;
    d->handler->on_room = NULL; /* its room is nobody's any more */
    list_push(&r->retired, &d->link);
    d->handler->ops->drain(d->handler, on_retired_drained, d);
}

void roster_change(struct roster *r, const struct config *c)
{
    struct post *old = r->posts;
    size_t n_old = r->n;
    r->conf.config = c;
    fill_posts(r, old, n_old);
    for (size_t i = 0; i < n_old; i++)
        if (old[i].handler) retire(r, &old[i]);
    free(old);
}

/* ---- asking ---- */

struct post *roster_post(const struct roster *r, struct str type)
{
    const struct config *c = r->conf.config;
    const struct config_type *t = config_type_find(c, type);
    if (!t) return NULL;
    struct str name = str_of(t->worker ? t->worker : t->name);
    size_t from = t->worker ? 0 : c->n_workers, to = t->worker ? c->n_workers : r->n;
    for (size_t i = from; i < to; i++)
        if (str_eq(r->posts[i].name, name)) return &r->posts[i];
    assert(!"every type of a checked configuration has its post");
    return NULL;
}

struct post *roster_post_of(const struct roster *r, const struct handler *h)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->posts[i].handler == h) return &r->posts[i];
    return NULL;
}

bool roster_is_held(const struct post *p) { return p->hold_until_ms > turn_mono_ms(p->handler->turn); }

int roster_room(const struct post *p)
{
    if (roster_is_held(p)) return 0;
    int room = p->handler->ops->room(p->handler) + p->handler->ops->ahead(p->handler) - p->reserved - p->n_ahead;
    return room > 0 ? room : 0;
}

void roster_each(const struct roster *r, void (*f)(void *user, const struct worker_view *w), void *user)
{
    for (size_t i = 0; i < r->n; i++) r->posts[i].handler->ops->each(r->posts[i].handler, f, user);
    LIST_EACH(l, &r->retired)
    {
        struct handler *h = CONTAINER_OF(l, struct duty, link)->handler;
        h->ops->each(h, f, user);
    }
}

static int ask(struct handler *h, struct str worker_id, enum handler_verb verb, struct handler **ret, struct err *e)
{
    int rc = h->ops->control(h, worker_id, verb, e);
    if (rc == 0) *ret = h;
    return rc;
}

int roster_control(const struct roster *r, struct str worker_id, enum handler_verb verb, struct handler **ret, struct err *e)
{
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; i < r->n && rc == ERR_NOT_FOUND; i++) rc = ask(r->posts[i].handler, worker_id, verb, ret, e);
    if (rc == 0) return 0;
    LIST_EACH(l, &r->retired)
    {
        struct err other;
        int its = ask(CONTAINER_OF(l, struct duty, link)->handler, worker_id, verb, ret, &other);
        if (its == 0) return 0;
        if (rc != ERR_NOT_FOUND) continue; /* the refusal of the one on duty says more */
        rc = its;
        *e = other;
    }
    if (rc != ERR_NOT_FOUND) return rc;
    return err_set(e, ERR_NOT_FOUND, "there is no worker \"%.*s\"; the list of workers has their ids",
                   worker_id.len < 100 ? (int)worker_id.len : 100, worker_id.p);
}

/* ---- ending ---- */

void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user)
{
    r->on_drained = on_drained;
    r->drained_user = user;
    r->draining = r->n + 1; /* one for this loop, so that it cannot end inside it */
    LIST_EACH(l, &r->retired) r->draining++;
    for (size_t i = 0; i < r->n; i++) r->posts[i].handler->ops->drain(r->posts[i].handler, on_one_drained, r);
    on_one_drained(r);
}

void roster_close(struct roster *r)
{
    assert(list_empty(&r->retired));
    for (size_t i = 0; i < r->n; i++) {
        r->posts[i].handler->ops->free(r->posts[i].handler);
        duty_free(r->posts[i].duty);
    }
    free(r->posts);
    *r = (struct roster){0};
}
