/* SPDX-License-Identifier: Apache-2.0
 *
 * Draws the picture that ration_decide() decides on, and does what it says.
 */
#include "handler/resources.h"
#include "base/mem.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct picture {
    struct ration ration;
    struct worker **workers;       /* owned; of each holder */
    struct resource_user **users;  /* owned; of each asker */
};

static struct resource_user *user_of(struct list *l) { return CONTAINER_OF(l, struct resource_user, link); }

static struct ration_amounts amounts_of(const struct resources *r, const struct ration_amount *amounts)
{
    struct ration_amounts a = {0};
    for (; amounts && amounts->name; amounts++)
        for (size_t i = 0; i < r->n; i++)
            if (strcmp(r->whole[i].name, amounts->name) == 0) a.of[i] = amounts->amount;
    return a;
}

bool resources_holds(const struct worker *w)
{
    switch (w->state) {
    case WORKER_STARTING:
    case WORKER_IDLE:
    case WORKER_BUSY:
    case WORKER_STOPPING: return !w->dead;
    case WORKER_OFF:
    case WORKER_BACKOFF:
    case WORKER_BROKEN:
    case WORKER_STATES: return false;
    }
    abort();
}

/* ---- the picture ---- */

#define ROOM_MS 1000 /* a process that has room again is not to give way to the next one before it was given something */

/* Whatever is preferred, one that was started for a task is given one: a claim takes a moment. */
static int64_t worth_of(const struct worker *w) { return w->conf->prefer_warm == 0 && w->tasks == 0 ? 1 : w->conf->prefer_warm; }

/* One that will end after its task may have that for hours: until then it is like any other that works. */
static struct ration_holder holder_of(const struct resource_user *u, const struct worker *w, const struct ration_amounts *needs, size_t pool)
{
    struct ration_holder h = {.holds = *needs, .pool = pool, .used_at_ms = w->idle_at_ms, .priority = u->priority};
    h.state = w->state == WORKER_STOPPING ? RATION_ENDING : w->state == WORKER_IDLE ? RATION_IDLE : RATION_WORKING;
    if (w->state == WORKER_STARTING) {
        h.spared_until_ms = h.owed_until_ms = INT64_MAX;
    } else if (w->ending == ENDING_NOT && *u->waiting > 0) {
        h.spared_until_ms = ration_earned_at_ms(w->ready_at_ms, w->ready_ms, worth_of(w));
        if (w->room_at_ms && h.spared_until_ms < w->room_at_ms + ROOM_MS) h.spared_until_ms = w->room_at_ms + ROOM_MS;
        if (w->state == WORKER_IDLE && w->tasks == 0) h.owed_until_ms = ration_earned_at_ms(w->ready_at_ms, w->ready_ms, 1);
    }
    return h;
}

static void draw_user(struct picture *p, const struct resources *r, struct resource_user *u, size_t pool)
{
    struct ration *to = &p->ration;
    struct ration_amounts needs = amounts_of(r, u->workers[0].conf->needs);
    for (size_t i = 0; i < u->n; i++) {
        if (!resources_holds(&u->workers[i])) continue;
        p->workers[to->n_holders] = &u->workers[i];
        to->holders[to->n_holders++] = holder_of(u, &u->workers[i], &needs, pool);
    }
    if (u->asks == 0 && !u->preloads) return;
    p->users[to->n_askers] = u;
    to->askers[to->n_askers++] = (struct ration_asker){.needs = needs, .pool = pool, .unasked = u->asks == 0,
                                                       .priority = u->priority, .since_ms = u->since_ms, .ticket = u->ticket};
}

static void draw(struct picture *p, struct resources *r)
{
    size_t n_workers = 1, n_users = 1;
    LIST_EACH(l, &r->users)
    {
        n_workers += user_of(l)->n;
        n_users++;
    }
    *p = (struct picture){.workers = mem_new(n_workers * sizeof *p->workers), .users = mem_new(n_users * sizeof *p->users)};
    p->ration.whole = amounts_of(r, r->whole);
    p->ration.holders = mem_new(n_workers * sizeof *p->ration.holders);
    p->ration.askers = mem_new(n_users * sizeof *p->ration.askers);
    n_users = 0;
    LIST_EACH(l, &r->users) draw_user(p, r, user_of(l), n_users++);
}

static void forget(struct picture *p)
{
    free(p->workers);
    free(p->users);
    free(p->ration.holders);
    free(p->ration.askers);
}

/* ---- doing what was decided ---- */

static void tell_end(struct worker *w, const struct picture *p)
{
    const struct resource_user *user = NULL;
    const struct ration_asker *first = NULL;
    char what[sizeof w->id + LIMIT_NAME + 64];
    for (size_t i = 0; i < p->ration.n_askers; i++) {
        const struct ration_asker *a = &p->ration.askers[i];
        if (!a->starts && !a->unasked && !a->barred && (!first || ration_before(a, first))) {
            first = a;
            user = p->users[i];
        }
    }
    if (first) snprintf(what, sizeof what, "%s is ended while it is idle, to make room for %s", w->id, user->workers[0].conf->name);
    else snprintf(what, sizeof what, "%s is ended while it is idle: there is less of what it holds than before", w->id);
    w->events->on_event(w, LOG_LEVEL_INFO, what);
}

/* Two that give way to one another would do so for ever, each asking for a process when it has no room: what has room again
 * keeps it for a moment. */
static void act_on_holders(const struct picture *p, int64_t now_ms)
{
    for (size_t i = 0; i < p->ration.n_holders; i++) {
        const struct ration_holder *h = &p->ration.holders[i];
        struct worker *w = p->workers[i];
        bool gave_way = w->gives_way;
        w->gives_way = h->gives_way;
        if (h->ends) {
            tell_end(w, p);
            worker_end(w);
        } else if (gave_way && !w->gives_way) {
            w->room_at_ms = now_ms;
            w->events->on_change(w); /* it has room again */
        }
    }
}

static void on_later(struct later *l);
static void look_later(struct resources *r) { turn_later(r->turn, &r->later, on_later); }
static void on_again(struct timer *t) { look_later(CONTAINER_OF(t, struct resources, again)); }

/* For its next one it waits from now on. */
static void begin_wait(struct resource_user *u)
{
    u->ticket = ++u->of->tickets;
    u->since_ms = turn_mono_ms(u->of->turn);
}

static bool start_all(const struct picture *p)
{
    bool any = false;
    for (size_t i = 0; i < p->ration.n_askers; i++) {
        struct resource_user *u = p->users[i];
        u->barred = p->ration.askers[i].barred;
        if (u->barred || p->ration.askers[i].starts) begin_wait(u); /* a barred one waits when it could be served */
    }
    for (size_t i = 0; i < p->ration.n_askers; i++) {
        struct resource_user *u = p->users[i];
        if (!p->ration.askers[i].starts) continue;
        any = true;
        if (u->asks > 0) u->asks--;
        else u->preloads = false; /* until the pool says it again */
        u->start(u);
    }
    return any;
}

/* Nobody asks for anything and nobody has to end: the usual. */
static bool is_quiet(const struct resources *r)
{
    if (!r->fits || timer_is_set(&r->again)) return false;
    LIST_EACH(l, &r->users)
    {
        const struct resource_user *u = user_of(l);
        if (u->asks > 0 || u->preloads) return false;
        for (size_t i = 0; i < u->n; i++)
            if (u->workers[i].gives_way) return false;
    }
    return true;
}

static void on_later(struct later *l)
{
    struct resources *r = CONTAINER_OF(l, struct resources, later);
    struct picture p;
    if (is_quiet(r)) return;
    draw(&p, r);
    int64_t again_ms = ration_decide(&p.ration, turn_mono_ms(r->turn));
    struct ration_amounts free = ration_free(&p.ration);
    r->fits = true;
    for (size_t i = 0; i < r->n; i++) r->fits &= free.of[i] >= 0;
    act_on_holders(&p, turn_mono_ms(r->turn));
    if (start_all(&p)) look_later(r); /* a pool starts one at a time */
    forget(&p);
    if (again_ms >= 0) turn_timer(r->turn, &r->again, again_ms, on_again);
    else turn_timer_stop(r->turn, &r->again);
}

/* ---- pools ---- */

void resources_join(struct resource_user *u, struct resources *of)
{
    u->of = of;
    list_init(&u->link);
    if (of) list_push(&of->users, &u->link);
}

void resources_leave(struct resource_user *u)
{
    if (!u->of) return;
    list_remove(&u->link);
    look_later(u->of);
}

void resources_ask(struct resource_user *u, size_t asks, bool preloads, int32_t priority)
{
    if (!u->of) return;
    if (asks > 0 && u->asks == 0) begin_wait(u);
    bool same = u->asks == asks && u->preloads == preloads && u->priority == priority && u->waited == (*u->waiting > 0);
    u->priority = priority;
    u->waited = *u->waiting > 0;
    u->asks = asks;
    u->preloads = preloads;
    if (!same) look_later(u->of);
}

void resources_changed(struct resource_user *u)
{
    if (u->of) look_later(u->of);
}

/* ---- the whole ---- */

static void set_whole(struct resources *r, const struct ration_amount *whole)
{
    static const struct ration_amount none[1];
    r->whole = whole ? whole : none;
    for (r->n = 0; r->whole[r->n].name;) r->n++;
    assert(r->n <= LIMIT_RESOURCES);
}

void resources_init(struct resources *r, struct turn *turn, const struct ration_amount *whole)
{
    *r = (struct resources){.turn = turn, .fits = true};
    list_init(&r->users);
    list_init(&r->later.link);
    set_whole(r, whole);
}

void resources_release(struct resources *r)
{
    assert(list_empty(&r->users));
    turn_later_cancel(&r->later);
    turn_timer_stop(r->turn, &r->again);
}

void resources_change(struct resources *r, const struct ration_amount *whole)
{
    set_whole(r, whole);
    r->fits = false; /* until it was looked at */
    look_later(r);
}

int64_t resources_used(const struct resources *r, size_t i)
{
    int64_t used = 0;
    LIST_EACH(l, &r->users)
    {
        const struct resource_user *u = user_of(l);
        struct ration_amounts needs = amounts_of(r, u->workers[0].conf->needs);
        for (size_t w = 0; w < u->n; w++) used += resources_holds(&u->workers[w]) ? needs.of[i] : 0;
    }
    return used;
}

bool resources_waits(const struct resource_user *u, struct err *ret_detail)
{
    const struct resources *r = u->of;
    if (!r || u->asks == 0 || u->barred) return false;
    struct ration_amounts needs = amounts_of(r, u->workers[0].conf->needs);
    size_t i = 0, first = 0;
    while (first < r->n && needs.of[first] == 0) first++;
    for (i = 0; i < r->n; i++)
        if (needs.of[i] > r->whole[i].amount - resources_used(r, i)) break;
    bool behind = i == r->n; /* it would fit: what is free is kept for one that stands before it */
    if (behind) i = first;
    if (i == r->n) return false;
    struct buf b;
    buf_init(&b, 512);
    buf_add_format(&b, "%s: ", r->whole[i].name);
    ration_add_text(&b, &r->whole[i], r->whole[i].amount - resources_used(r, i));
    buf_add_text(&b, " of ");
    ration_add_text(&b, &r->whole[i], r->whole[i].amount);
    buf_add_text(&b, " free, needs ");
    ration_add_text(&b, &r->whole[i], needs.of[i]);
    if (behind) buf_add_text(&b, "; another comes first");
    err_set(ret_detail, ERR_AGAIN, "%.*s", STR_ARG(buf_str(&b)));
    buf_release(&b);
    return true;
}
