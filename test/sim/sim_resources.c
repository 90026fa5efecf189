/* SPDX-License-Identifier: Apache-2.0
 *
 * See sim_resources.h.
 */
#include "test/sim/sim_resources.h"

#include "server/server.h"

#include <stdio.h>

static int64_t need_of(const struct config *c, const char *pool, const char *name)
{
    const struct worker_pool_conf *w = config_worker_find(c, str_of(pool));
    for (const struct ration_amount *a = w ? w->needs : NULL; a && a->name; a++)
        if (strcmp(a->name, name) == 0) return a->amount;
    return 0;
}

/* When the pool was started from last, before now_ms, and notes now_ms. */
static int64_t last_start_ms(struct sim_watch *w, const char *pool, int64_t now_ms)
{
    for (size_t i = 0; i < SIM_POOLS; i++) {
        struct sim_pool_start *s = &w->starts[i];
        if (s->pool[0] && strcmp(s->pool, pool) != 0) continue;
        int64_t last_ms = s->pool[0] ? s->at_ms : INT64_MIN;
        snprintf(s->pool, sizeof s->pool, "%s", pool);
        s->at_ms = now_ms;
        return last_ms;
    }
    sim_check_broken(w->history->check, 0, "there are more pools than the simulation has places for");
    return INT64_MIN;
}

static bool share(const struct config *c, const char *a, const char *b)
{
    for (const struct ration_amount *whole = c->resources; whole && whole->name; whole++)
        if (need_of(c, a, whole->name) > 0 && need_of(c, b, whole->name) > 0) return true;
    return false;
}

static const struct resource_user *user_of(const struct resources *r, const struct child *child)
{
    LIST_EACH (l, &r->users) {
        const struct resource_user *u = CONTAINER_OF(l, struct resource_user, link);
        for (size_t i = 0; i < u->n; i++)
            if (&u->workers[i].child == child) return u;
    }
    return NULL;
}

/* One that has begun to wait this very moment may have been started, or barred, together with this one. */
static void line_is_kept(struct sim_watch *w, const struct sim_process *started)
{
    const struct server *s = w->client->server;
    const struct config *c = s->conf.config;
    const struct resource_user *own = user_of(&s->roster.resources, started->child);
    int64_t now_ms = turn_mono_ms(s->turn);
    if (!own) return;
    int64_t last_ms = last_start_ms(w, started->pool, now_ms);
    LIST_EACH (l, &s->roster.resources.users) {
        const struct resource_user *u = CONTAINER_OF(l, struct resource_user, link);
        const char *pool = u->workers[0].conf->name;
        int64_t worth_ms = (u->priority - own->priority) * (int64_t)RATION_STEP_MS;
        if (u->asks == 0 || u->barred || u->since_ms >= now_ms || worth_ms <= 0 || !share(c, pool, started->pool)) continue;
        w->history->check->outwaited++;
        if (last_ms == INT64_MIN || now_ms - last_ms >= worth_ms) continue;
        sim_check_broken(w->history->check, 0, "a process of %s is started for priority %d, while %s waits for priority %d",
                         started->pool, own->priority, pool, u->priority);
    }
}

void sim_resources_hold(void *watch, const struct sim_process *started)
{
    struct sim_watch *w = watch;
    const struct config *c = w->client->server->conf.config;
    for (const struct ration_amount *whole = c->resources; whole && whole->name; whole++) {
        int64_t held = 0;
        if (need_of(c, started->pool, whole->name) == 0) continue;
        LIST_EACH (l, &started->all->alive)
            held += need_of(c, CONTAINER_OF(l, struct sim_process, link)->pool, whole->name);
        if (held > whole->amount)
            sim_check_broken(w->history->check, 0, "with a process of %s, %lld of %lld %s are held", started->pool, (long long)held,
                             (long long)whole->amount, whole->name);
    }
    line_is_kept(w, started);
}

bool sim_resources_gives_way(const struct server *s, const struct sim_process *p)
{
    LIST_EACH (l, &s->roster.resources.users) {
        const struct resource_user *u = CONTAINER_OF(l, struct resource_user, link);
        for (size_t i = 0; i < u->n; i++)
            if (u->workers[i].gives_way && u->workers[i].child.pid == p->child->pid) return true;
    }
    return false;
}

int sim_resources_waiting(const struct server *s)
{
    int n = 0;
    for (size_t i = 0; i < s->roster.n; i++) {
        struct err e;
        struct handler *h = s->roster.posts[i].handler;
        n += !h->typed && h->ops->waiting(h, &e) == HANDLER_SCARCE;
    }
    return n;
}
