/* SPDX-License-Identifier: Apache-2.0
 *
 * Handlers from the configuration.
 */
#include "server/duty.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/attempt_dir.h"
#include "server/config_copy.h"

#include <assert.h>
#include <stdlib.h>

struct duty *duty_of_pool(struct roster *r, const struct worker_pool_conf *pool)
{
    struct duty *d = mem_new(sizeof *d);
    d->is_pool = true;
    d->roster = r;
    d->pool = *pool;
    d->pool.name = arena_text(&d->arena, str_of(pool->name));
    config_copy_deep(&d->arena, &config_table_worker, &d->pool);
    d->pool.sandbox.attempts = arena_format(&d->arena, "%s/attempts", r->conf.config->data_dir).p;
    d->pool.resources = &r->resources;
    d->pool.warmup.dirs = &r->dirs;
    return d;
}

struct duty *duty_of_type(struct roster *r, const struct config_type *type)
{
    struct duty *d = mem_new(sizeof *d);
    d->roster = r;
    d->type = *type;
    d->type.name = d->type.exec.name = d->type.pull.name = d->type.http.name = arena_text(&d->arena, str_of(type->name));
    config_copy_deep(&d->arena, &config_table_type, &d->type);
    return d;
}

void duty_free(struct duty *d)
{
    arena_release(&d->arena);
    free(d);
}

struct str duty_name(const struct duty *d) { return str_of(d->is_pool ? d->pool.name : d->type.name); }

bool duty_is_same_place(const struct duty *a, const struct duty *b)
{
    return a->is_pool == b->is_pool && str_eq(duty_name(a), duty_name(b));
}

bool duty_is_same(const struct duty *a, const struct duty *b)
{
    if (!duty_is_same_place(a, b)) return false;
    if (a->is_pool) return config_copy_same(&config_table_worker, &a->pool, &b->pool, NULL);
    if (a->type.tells) return true;
    return config_copy_same(&config_table_type, &a->type, &b->type, "exec") &&
           config_copy_same(&config_table_type, &a->type, &b->type, "pull") &&
           config_copy_same(&config_table_type, &a->type, &b->type, "http");
}

/* What its keepers take for granted; when it could not be done, they say what is missing. */
static void prepare(const struct roster *r, const struct sandbox_conf *s)
{
    struct err e;
    bool others = !sandbox_user_is_ours(&s->user);
    if ((others || sandbox_has_paths(s)) && attempt_dir_prepare(r->conf.config->data_dir, others, &e)) log_warn("%s", e.text);
}

static const struct webhook_conf *webhook_conf(void *user) { return &((struct roster *)user)->conf.config->webhooks.conf; }

struct handler *duty_open(struct duty *d)
{
    struct roster *r = d->roster;
    struct handler *h;
    prepare(r, d->is_pool ? &d->pool.sandbox : &d->type.exec.sandbox);
    int err = d->type.tells     ? webhook_new(&h, r->conf.turn, r->conf.fetcher, LIMIT_CALLS, webhook_conf, r)
              : d->is_pool          ? worker_pool_new(&h, r->conf.turn, r->conf.spawner, &d->pool)
              : d->type.http.url  ? web_new(&h, r->conf.turn, r->conf.fetcher, &r->web_desk, &d->type.http)
              : d->type.pull.said ? pull_new(&h, r->conf.turn, &r->desk, &d->type.pull)
                                  : exec_new(&h, r->conf.turn, r->conf.spawner, &d->type.exec);
    assert(err == 0);
    h->user = r->conf.user;
    h->on_room = r->conf.on_room;
    h->on_event = r->conf.on_event;
    return h;
}
