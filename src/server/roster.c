/* SPDX-License-Identifier: Apache-2.0
 *
 * Posts from the configuration.
 */
#include "server/roster.h"

#include "base/log.h"
#include "base/mem.h"
#include "server/succession.h"

#include <assert.h>
#include <stdlib.h>

/* ---- where warm-ups work ---- */

static int make_dir(struct worker_dirs *dirs, char **ret_path, struct err *e)
{
    struct roster *r = CONTAINER_OF(dirs, struct roster, dirs);
    char path[ATTEMPT_DIR_PATH];
    int rc = attempt_spare_make(r->conf.spares, path, r->conf.config->data_dir, r->conf.chores, e);
    if (rc == 0) *ret_path = (char *)mem_str(str_of(path)).p;
    return rc;
}

static void discard_dir(struct worker_dirs *dirs, const char *path)
{
    attempt_dir_discard(path, CONTAINER_OF(dirs, struct roster, dirs)->conf.chores);
}

/* ---- posts ---- */

static void open_post(struct roster *r, struct duty *d)
{
    r->posts[r->n++] = (struct post){.handler = duty_open(d), .duty = d, .name = duty_name(d), .batch = d->pool.batch};
}

/* What is on duty stays, or stays until d can serve; `was` has another handler then, or an heir. */
static bool keeps(struct roster *r, struct post *was, struct duty *d)
{
    bool same = duty_is_same(was->duty, d), comes = was->heir && duty_is_same(was->heir, d);
    if (!same && (!d->is_pool || !succession_helps(was))) return false;
    if (!same && !comes) {
        succession_begin(r, was, d, "changed");
        return true;
    }
    if (!comes) succession_cancel(was);
    duty_free(d);
    return true;
}

/* The post of `old` that has this duty stays; else a new one is opened. */
static void fill_post(struct roster *r, struct duty *d, struct post *old, size_t n_old)
{
    for (size_t i = 0; i < n_old; i++) {
        if (!old[i].handler || !duty_is_same_place(old[i].duty, d)) continue;
        if (!keeps(r, &old[i], d)) break;
        r->posts[r->n++] = old[i];
        old[i].handler = NULL;
        return;
    }
    open_post(r, d);
}

static void fill_posts(struct roster *r, struct post *old, size_t n_old)
{
    const struct config *c = r->conf.config;
    r->posts = mem_new((c->n_workers + c->n_types + 3) * sizeof *r->posts);
    r->n = 0;
    for (size_t i = 0; i < c->n_workers; i++) fill_post(r, duty_of_pool(r, &c->workers[i]), old, n_old);
    for (size_t i = 0; i < c->n_types; i++)
        if (!c->types[i].worker && c->types[i].n_steps == 0) fill_post(r, duty_of_type(r, &c->types[i]), old, n_old);
    if (c->delivery.name && r->conf.fetcher) fill_post(r, duty_of_type(r, &c->delivery), old, n_old);
    if (c->command.name) fill_post(r, duty_of_type(r, &c->command), old, n_old);
}

void roster_open(struct roster *r, const struct roster_conf *conf)
{
    *r = (struct roster){.conf = *conf, .dirs = {make_dir, discard_dir}};
    list_init(&r->retired);
    pull_desk_init(&r->desk, conf->turn);
    web_desk_init(&r->web_desk);
    resources_init(&r->resources, conf->turn, conf->config->resources);
    fill_posts(r, NULL, 0);
}

/* ---- retiring ---- */

static void retire(struct post *p)
{
    struct duty *d = p->duty;
    assert(p->reserved == 0 && !p->ahead);
    if (d->is_pool) log_info("worker %s: changed or gone; its processes finish their task and end", d->pool.name);
    succession_cancel(p);
    succession_retire(d, p->handler);
}

void roster_change(struct roster *r, const struct config *c)
{
    struct post *old = r->posts;
    size_t n_old = r->n;
    r->conf.config = c;
    resources_change(&r->resources, c->resources);
    fill_posts(r, old, n_old);
    for (size_t i = 0; i < n_old; i++)
        if (old[i].handler) retire(&old[i]);
    free(old);
}

/* ---- asking ---- */

struct post *roster_post(const struct roster *r, struct str type)
{
    const struct config *c = r->conf.config;
    const struct config_type *t = type.p ? config_type_find(c, type) : NULL;
    if (!t || t->n_steps) return NULL;
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

bool roster_delays(const struct roster *r)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->posts[i].batch.delay_ms > 0 || (r->posts[i].heir && r->posts[i].heir->pool.batch.delay_ms > 0)) return true;
    return false;
}

static bool is_typed(const struct post *p) { return p->handler->typed != NULL; }

bool roster_share_room(const struct post *a, const struct post *b) { return a == b || (a && b && is_typed(a) && is_typed(b)); }

bool roster_has_room(const struct post *p, struct str type)
{
    struct handler *h = p->handler;
    return is_typed(p) ? h->typed->has_place(h, type) : h->ops->room(h) > 0;
}

void roster_reserve(struct post *p, struct str type, int n)
{
    p->reserved += n;
    if (is_typed(p) && n > 0) p->handler->typed->keep(p->handler, type, n);
    if (is_typed(p) && n < 0) p->handler->typed->let_go(p->handler, type, -n);
}

int roster_room(const struct post *p, struct str type)
{
    if (roster_is_held(p) || p->blocker) return 0;
    if (is_typed(p)) return p->handler->typed->room(p->handler, type); /* less what is kept */
    return p->handler->ops->room(p->handler) + p->handler->ops->ahead(p->handler) - p->reserved;
}

void roster_each(const struct roster *r, void (*f)(void *user, const struct worker_view *w), void *user)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct post *p = &r->posts[i];
        if (p->duty->type.tells) continue; /* nobody's worker */
        p->handler->ops->each(p->handler, f, user);
        if (p->heir) p->heir->handler->ops->each(p->heir->handler, f, user);
    }
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

/* Further ones are asked until one does it; the first refusal says more than those after it. */
static int ask_further(int rc, struct handler *h, struct str worker_id, enum handler_verb verb, struct handler **ret, struct err *e)
{
    struct err other;
    if (rc == 0) return 0;
    int its = ask(h, worker_id, verb, ret, &other);
    if (its == 0 || rc != ERR_NOT_FOUND) return its == 0 ? 0 : rc;
    *e = other;
    return its;
}

int roster_control(struct roster *r, struct str worker_id, enum handler_verb verb, struct handler **ret, struct err *e)
{
    int rc = ERR_NOT_FOUND;
    for (size_t i = 0; i < r->n && verb == HANDLER_RECYCLE && !r->on_drained; i++) {
        if (!succession_renew(r, &r->posts[i], worker_id)) continue;
        *ret = r->posts[i].handler;
        return 0;
    }
    for (size_t i = 0; i < r->n && rc == ERR_NOT_FOUND; i++) rc = ask(r->posts[i].handler, worker_id, verb, ret, e);
    for (size_t i = 0; i < r->n; i++)
        if (r->posts[i].heir) rc = ask_further(rc, r->posts[i].heir->handler, worker_id, verb, ret, e);
    LIST_EACH(l, &r->retired) rc = ask_further(rc, CONTAINER_OF(l, struct duty, link)->handler, worker_id, verb, ret, e);
    if (rc == 0) return 0;
    if (rc != ERR_NOT_FOUND) return rc;
    return err_set(e, ERR_NOT_FOUND, "there is no worker \"%.*s\"; the list of workers has their ids",
                   worker_id.len < 100 ? (int)worker_id.len : 100, worker_id.p);
}

/* ---- ending ---- */

void roster_one_drained(struct roster *r)
{
    if (--r->draining == 0) r->on_drained(r->drained_user);
}

static void on_one_drained(void *user) { roster_one_drained(user); }

void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user)
{
    for (size_t i = 0; i < r->n; i++) succession_cancel(&r->posts[i]);
    turn_timer_stop(r->conf.turn, &r->look);
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
    pull_desk_release(&r->desk);
    web_desk_release(&r->web_desk);
    resources_release(&r->resources);
    *r = (struct roster){0};
}
