/* SPDX-License-Identifier: Apache-2.0
 *
 * See pull_desk.h. Claims are found by what they ask for: one entry for each different pattern, with the claims that
 * have it and a place free. So room is told by looking at the patterns, which are few, not at the claims.
 */
#include "handler/pull_desk.h"

#include "base/mem.h"
#include "handler/pull_held.h"
#include "handler/pull_pattern.h"

#include <assert.h>
#include <stdlib.h>

#define ROOM_MOST 64 /* enough for one look: a claim of the store takes no more */

struct pull_pattern {
    struct list link;
    struct str text;  /* owned */
    struct list asks; /* of struct pull_ask whose claims have a place free, the oldest first */
    size_t used;      /* asks that have it, with a place free or not */
};

struct pull_ask {
    struct list link; /* in pattern->asks */
    struct pull_pattern *pattern;
    struct pull_claim *claim;
};

/* A place that is kept for an attempt on its way. */
struct pull_promise {
    struct list link;
    struct str type;          /* owned */
    struct pull_claim *claim; /* NULL: its attempt has come, or the claim was cancelled meanwhile */
};

static void look_later(struct pull_desk *d);

void pull_desk_init(struct pull_desk *d, struct turn *turn)
{
    *d = (struct pull_desk){.turn = turn};
    list_init(&d->posts);
    list_init(&d->patterns);
    list_init(&d->promises);
    list_init(&d->due);
    map_init(&d->held);
    list_init(&d->look.link);
    puller_open_all(&d->pullers, turn);
    d->recent = mem_new(PULL_RECENT * sizeof *d->recent);
}

void pull_desk_release(struct pull_desk *d)
{
    assert(d->waiting == 0 && d->held.n == 0 && list_empty(&d->promises));
    turn_later_cancel(&d->look);
    puller_close_all(&d->pullers);
    free(d->recent);
    map_release(&d->held);
}

/* ---- patterns ---- */

static struct pull_pattern *pattern_of(struct pull_desk *d, struct str text)
{
    LIST_EACH(l, &d->patterns)
    {
        struct pull_pattern *p = CONTAINER_OF(l, struct pull_pattern, link);
        if (str_eq(p->text, text)) return p;
    }
    struct pull_pattern *p = mem_new(sizeof *p);
    p->text = mem_str(text);
    list_init(&p->asks);
    list_push(&d->patterns, &p->link);
    return p;
}

static void pattern_unused(struct pull_pattern *p)
{
    if (--p->used > 0) return;
    list_remove(&p->link);
    free((char *)p->text.p);
    free(p);
}

static bool is_over(const struct pull_claim *c) { return c->late || c->desk->draining; }

/* Beside those that are promised. */
static int places(const struct pull_claim *c) { return is_over(c) ? 0 : c->max - c->n_given - c->promised; }

/* Its asks are in their patterns' lists while it has a place free; each list in the order of serials. */
static void place_asks(struct pull_claim *c)
{
    for (size_t i = 0; i < c->n_types; i++) {
        struct pull_ask *ask = &c->asks[i];
        list_remove(&ask->link);
        if (places(c) <= 0) continue;
        struct list *after = ask->pattern->asks.prev;
        while (after != &ask->pattern->asks && CONTAINER_OF(after, struct pull_ask, link)->claim->serial > c->serial) after = after->prev;
        list_insert(after, &ask->link);
    }
}

/* The best claim with a place for this type; NULL: none. */
static struct pull_claim *best(const struct pull_desk *d, struct str type)
{
    struct pull_claim *found = NULL;
    LIST_EACH(l, &d->patterns)
    {
        struct pull_pattern *p = CONTAINER_OF(l, struct pull_pattern, link);
        if (!pull_pattern_fits(p->text, type)) continue;
        LIST_EACH(k, &p->asks)
        {
            struct pull_claim *c = CONTAINER_OF(k, struct pull_ask, link)->claim;
            bool better = !found || c->n_types < found->n_types || (c->n_types == found->n_types && c->serial < found->serial);
            if (better) found = c;
            if (c->n_types == 1) break; /* those behind it are younger */
        }
    }
    return found;
}

int pull_desk_room(struct pull_desk *d, struct str type)
{
    int n = 0;
    d->looks++;
    LIST_EACH(l, &d->patterns)
    {
        struct pull_pattern *p = CONTAINER_OF(l, struct pull_pattern, link);
        if (!pull_pattern_fits(p->text, type)) continue;
        LIST_EACH(k, &p->asks)
        {
            struct pull_claim *c = CONTAINER_OF(k, struct pull_ask, link)->claim;
            if (c->seen == d->looks) continue; /* it asks for this type by two names */
            c->seen = d->looks;
            n += places(c);
            if (n >= ROOM_MOST) return ROOM_MOST;
        }
    }
    return n;
}

bool pull_desk_is_asked(const struct pull_desk *d, struct str type)
{
    LIST_EACH(l, &d->pullers.all)
    {
        const struct puller *p = CONTAINER_OF(l, struct puller, link);
        if ((p->n_claims || p->n_held) && puller_asks_for(p, type)) return true;
    }
    return false;
}

/* ---- places kept ---- */

void pull_desk_keep(struct pull_desk *d, struct str type, int n)
{
    for (; n > 0; n--) {
        struct pull_claim *c = best(d, type);
        assert(c);
        struct pull_promise *p = mem_new(sizeof *p);
        *p = (struct pull_promise){.type = mem_str(type), .claim = c};
        list_push(&d->promises, &p->link);
        c->promised++;
        place_asks(c);
    }
}

static struct pull_promise *promise_of(const struct pull_desk *d, struct str type, bool open)
{
    LIST_EACH(l, &d->promises)
    {
        struct pull_promise *p = CONTAINER_OF(l, struct pull_promise, link);
        if ((p->claim != NULL) == open && str_eq(p->type, type)) return p;
    }
    return NULL;
}

bool pull_desk_has_place(const struct pull_desk *d, struct str type) { return promise_of(d, type, true) || best(d, type); }

static void due(struct pull_claim *c)
{
    list_remove(&c->due);
    list_push(&c->desk->due, &c->due);
    look_later(c->desk);
}

/* Those whose attempt has come go first. */
void pull_desk_let_go(struct pull_desk *d, struct str type, int n)
{
    for (; n > 0; n--) {
        struct pull_promise *p = promise_of(d, type, false);
        if (!p) p = promise_of(d, type, true);
        assert(p);
        if (p->claim) {
            p->claim->promised--;
            place_asks(p->claim);
            due(p->claim);
        }
        list_remove(&p->link);
        free((char *)p->type.p);
        free(p);
    }
}

int pull_desk_give(struct pull_desk *d, struct pull *post, struct attempt *a, struct err *e)
{
    struct pull_promise *p = promise_of(d, a->task->type, true);
    struct pull_claim *c = p ? p->claim : best(d, a->task->type);
    if (!c) return err_set(e, ERR_AGAIN, "no puller asks for %.*s", STR_ARG(a->task->type));
    if (p) {
        c->promised--;
        p->claim = NULL;
    }
    c->given[c->n_given++] = pull_held_new(d, post, a, c->puller);
    place_asks(c);
    due(c);
    return 0;
}

/* ---- claims ---- */

static void leave(struct pull_claim *c)
{
    struct pull_desk *d = c->desk;
    turn_timer_stop(d->turn, &c->time);
    list_remove(&c->due);
    for (size_t i = 0; i < c->n_types; i++) {
        list_remove(&c->asks[i].link);
        pattern_unused(c->asks[i].pattern);
    }
    free(c->asks);
    c->asks = NULL;
    d->waiting--;
    puller_claimed(c->puller);
}

static void look(struct later *l)
{
    struct pull_desk *d = CONTAINER_OF(l, struct pull_desk, look);
    struct list all;
    list_init(&all);
    list_splice(&all, &d->due);
    for (struct list *one; (one = list_shift(&all));) {
        struct pull_claim *c = CONTAINER_OF(one, struct pull_claim, due);
        if (c->promised > 0 || (c->n_given == 0 && !is_over(c))) continue;
        leave(c);
        for (int i = 0; i < c->n_given; i++) pull_held_told(c->given[i]);
        c->on_answer(c); /* it may be gone after this */
    }
}

static void look_later(struct pull_desk *d) { turn_later(d->turn, &d->look, look); }

bool pull_desk_owes(const struct pull_desk *d) { return !list_empty(&d->due); }

static void is_late(struct pull_claim *c)
{
    c->late = true;
    place_asks(c);
    due(c);
}

static void on_time(struct timer *t) { is_late(CONTAINER_OF(t, struct pull_claim, time)); }

/* Its lists of asks may be changed by what is told here: every post is told, and asks itself. */
static void tell_room(struct pull_desk *d)
{
    LIST_EACH(l, &d->posts)
    {
        struct handler *h = &CONTAINER_OF(l, struct pull, link)->handler;
        if (h->on_room) h->on_room(h);
    }
}

int pull_desk_claim(struct pull_desk *d, struct pull_claim *c, int64_t wait_ms)
{
    assert(c->max >= 1 && c->max <= LIMIT_PULL_MAX && c->n_types >= 1);
    if (d->draining) return ERR_DRAINING;
    if (puller_claims(&d->pullers, c->worker, c->host, c->types, c->n_types, &c->puller)) return ERR_AGAIN;
    c->desk = d;
    c->serial = d->serial++;
    c->asks = mem_new(c->n_types * sizeof *c->asks);
    list_init(&c->due);
    for (size_t i = 0; i < c->n_types; i++) {
        c->asks[i] = (struct pull_ask){.pattern = pattern_of(d, c->types[i]), .claim = c};
        c->asks[i].pattern->used++;
        list_init(&c->asks[i].link);
    }
    d->waiting++;
    place_asks(c);
    turn_timer(d->turn, &c->time, wait_ms > 0 ? wait_ms : 1, on_time); /* what is claimed at once is promised by then */
    tell_room(d);
    return 0;
}

void pull_desk_cancel(struct pull_claim *c)
{
    struct pull_desk *d = c->desk;
    LIST_EACH(l, &d->promises)
    {
        struct pull_promise *p = CONTAINER_OF(l, struct pull_promise, link);
        if (p->claim == c) p->claim = NULL;
    }
    leave(c);
    for (int i = 0; i < c->n_given; i++) pull_held_take_back(c->given[i]);
}

void pull_desk_drain(struct pull_desk *d)
{
    d->draining = true;
    LIST_EACH(l, &d->patterns)
    {
        struct pull_pattern *p = CONTAINER_OF(l, struct pull_pattern, link);
        while (!list_empty(&p->asks)) is_late(CONTAINER_OF(p->asks.next, struct pull_ask, link)->claim);
    }
}
