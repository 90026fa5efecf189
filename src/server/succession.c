/* SPDX-License-Identifier: Apache-2.0
 *
 * See succession.h. An heir takes over in place: lanes and runs that point to the post see another handler there, which has
 * its own room. What was claimed for the old one is started by the new one, or given back when that is smaller (ahead.h).
 */
#include "server/succession.h"

#include "base/log.h"

#include <assert.h>
#include <string.h>

struct standing {
    struct str id;     /* to look for */
    bool id_is_loaded;
    int loaded;        /* and not about to end */
    int starting;
    char problem[160]; /* of one whose start failed; empty: none did */
};

static void note(void *user, const struct worker_view *w)
{
    struct standing *s = user;
    bool loaded = strcmp(w->state, "idle") == 0 || strcmp(w->state, "busy") == 0;
    s->loaded += loaded;
    s->id_is_loaded |= loaded && str_eq(s->id, w->id);
    s->starting += strcmp(w->state, "starting") == 0;
    if (w->problem.len > 0) (void)str_copy(s->problem, sizeof s->problem, w->problem); /* cut: it is for the log */
}

static struct standing standing_of(struct handler *h)
{
    struct standing s = {0};
    h->ops->each(h, note, &s);
    return s;
}

bool succession_helps(const struct post *p) { return standing_of(p->handler).loaded > 0; }

/* ---- retiring ---- */

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
    if (r->on_drained) roster_one_drained(r);
}

void succession_retire(struct duty *d, struct handler *h)
{
    d->handler = h;
    h->on_room = NULL; /* its room is nobody's any more */
    list_push(&d->roster->retired, &d->link);
    h->ops->drain(h, on_retired_drained, d);
}

/* ---- heirs ---- */

static void take_over(struct roster *r, struct post *p)
{
    struct duty *old = p->duty, *heir = p->heir;
    struct handler *h = p->handler;
    p->duty = heir;
    p->handler = heir->handler;
    p->heir = NULL;
    p->name = duty_name(heir);
    p->batch = heir->pool.batch;
    p->hold_until_ms = p->hold_ms = 0;
    p->problem[0] = '\0';
    p->wanted = 1; /* so that it is told what is, even when that is nothing */
    heir->handler = NULL;
    succession_retire(old, h);
    r->conf.on_room(p->handler);
}

/* When the old one should not go on: why, for the log; NULL: it should. */
static const char *ends_waiting(const struct post *p, const struct standing *heir)
{
    if (heir->loaded > 0) return "the new one is ready";
    if (!succession_helps(p)) return "the old one has no process any more that is loaded";
    if (heir->starting > 0) return NULL;
    if (heir->problem[0]) return "the new one could not be started";
    return "the new one finds no room beside it";
}

static void look_at(struct roster *r, struct post *p)
{
    struct standing heir = standing_of(p->heir->handler);
    const char *why = ends_waiting(p, &heir);
    if (!why) return;
    log_line(heir.problem[0] && heir.loaded == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
             "worker %s: %s%s%s; the old processes finish their task and end", p->duty->pool.name, why,
             heir.problem[0] && heir.loaded == 0 ? ": " : "", heir.loaded == 0 ? heir.problem : "");
    take_over(r, p);
}

static void on_look(struct timer *t)
{
    struct roster *r = CONTAINER_OF(t, struct roster, look);
    bool more = false;
    for (size_t i = 0; i < r->n; i++) {
        if (r->posts[i].heir) look_at(r, &r->posts[i]);
        more |= r->posts[i].heir != NULL;
    }
    if (more) turn_timer(r->conf.turn, &r->look, SUCCESSION_LOOK_MS, on_look);
}

void succession_begin(struct roster *r, struct post *p, struct duty *d, const char *why)
{
    int loaded = standing_of(p->handler).loaded;
    assert(loaded > 0 && d->is_pool);
    succession_cancel(p);
    d->pool.preload = loaded;
    d->handler = duty_open(d);
    p->heir = d;
    log_info("worker %s: %s; its processes go on until a new one is ready", d->pool.name, why);
    turn_timer(r->conf.turn, &r->look, SUCCESSION_LOOK_MS, on_look);
}

bool succession_renew(struct roster *r, struct post *p, struct str worker_id)
{
    struct standing s = {.id = worker_id};
    if (!p->duty->is_pool) return false;
    p->handler->ops->each(p->handler, note, &s);
    if (!s.id_is_loaded || s.loaded > 1) return false;
    if (!p->heir) succession_begin(r, p, duty_of_pool(r, &p->duty->pool), "is to be recycled");
    return true;
}

void succession_cancel(struct post *p)
{
    if (!p->heir) return;
    succession_retire(p->heir, p->heir->handler);
    p->heir = NULL;
}

void succession_ready(struct roster *r, struct handler *h)
{
    for (size_t i = 0; i < r->n; i++) {
        struct post *p = &r->posts[i];
        if (p->heir && p->heir->handler == h && h->ops->room(h) > 0) look_at(r, p);
    }
}
