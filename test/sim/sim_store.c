/* SPDX-License-Identifier: Apache-2.0
 *
 * One held request at a time in `inside` of the request, freed when its owner has the answer.
 */
#include "test/sim/sim_store.h"

#include "base/mem.h"

#include <stdlib.h>

struct held {
    struct sim_store *s;
    struct store_req *req;
    struct timer timer;
    bool fail;
    int64_t out_ms;
};

struct news { /* hints or keys (n > 0), or a due time, on their way up */
    struct sim_store *s;
    struct timer timer;
    struct store_hint *hints;
    struct store_key *keys;
    struct arena names; /* of the keys */
    size_t n;
    int64_t due_at_ms;
};

/* How long what is told now takes: no less than what was told before it still needs. */
static int64_t lag(struct sim_store *s)
{
    int64_t now_ms = turn_mono_ms(s->store.turn), at_ms = now_ms + s->lag_ms;
    if (at_ms < s->behind_ms) at_ms = s->behind_ms;
    s->behind_ms = at_ms;
    return at_ms - now_ms;
}

/* ---- answers ---- */

static void up(struct held *h)
{
    struct store_req *r = h->req;
    h->s->outstanding--;
    r->inside = NULL;
    free(h);
    r->on_done(r);
}

static void on_up(struct timer *t) { up(CONTAINER_OF(t, struct held, timer)); }

static void on_inner(struct store_req *r)
{
    struct held *h = r->inside;
    r->on_done = r->outer;
    if (h->s->on_answer) h->s->on_answer(h->s->user, r);
    int64_t wait_ms = lag(h->s) + h->out_ms;
    if (wait_ms > 0) turn_timer(h->s->store.turn, &h->timer, wait_ms, on_up);
    else up(h);
}

static void down(struct held *h)
{
    struct store_req *r = h->req;
    if (h->fail) {
        h->s->failed[r->op]++;
        r->err = ERR_STORE;
        up(h);
        return;
    }
    r->outer = r->on_done;
    r->on_done = on_inner;
    if (r->since_ms > h->s->newest_ms) h->s->newest_ms = r->since_ms;
    r->since_ms = h->s->newest_ms; /* an engine is asked in order: what was overtaken on its way here was asked with the last that did */
    h->s->inner->engine->submit(h->s->inner, r);
}

static void on_down(struct timer *t) { down(CONTAINER_OF(t, struct held, timer)); }

static void submit(struct store *store, struct store_req *r)
{
    struct sim_store *s = CONTAINER_OF(store, struct sim_store, store);
    struct sim_rule *rule = &s->rules[r->op];
    struct held *h = mem_new(sizeof *h);
    *h = (struct held){.s = s, .req = r, .out_ms = rule->out_ms};
    h->fail = s->away || rule->fail_next > 0 || (rule->fail_percent && rng_below(s->rng, 100) < rule->fail_percent);
    if (rule->fail_next > 0) rule->fail_next--;
    int64_t in_ms = rule->in_ms;
    if (rule->in_jitter_ms) in_ms += (int64_t)rng_below(s->rng, (uint64_t)rule->in_jitter_ms + 1);
    r->inside = h;
    s->n[r->op]++;
    s->outstanding++;
    if (in_ms > 0 || h->fail) turn_timer(store->turn, &h->timer, in_ms, on_down);
    else down(h);
}

static void close_sim(struct store *store, void (*on_closed)(void *user), void *user)
{
    store_close(CONTAINER_OF(store, struct sim_store, store)->inner, on_closed, user);
}

/* ---- hints ---- */

static void on_news(struct timer *t)
{
    struct news *n = CONTAINER_OF(t, struct news, timer);
    const struct store_events *to = n->s->outer_events;
    if (n->hints) to->on_hints(to->user, n->hints, n->n);
    else if (n->keys) to->on_keys(to->user, n->keys, n->n);
    else to->on_next_due(to->user, n->due_at_ms);
    free(n->hints);
    free(n->keys);
    arena_release(&n->names);
    free(n);
}

static struct news *hold_back(struct sim_store *s, size_t n, int64_t lag_ms)
{
    struct news *news = mem_new(sizeof *news);
    *news = (struct news){.s = s, .n = n};
    turn_timer(s->store.turn, &news->timer, lag_ms, on_news);
    return news;
}

static void tell(struct sim_store *s, const struct store_hint *hints, size_t n, int64_t due_at_ms)
{
    const struct store_events *to = s->outer_events;
    int64_t lag_ms = lag(s);
    if (lag_ms == 0) {
        if (hints) to->on_hints(to->user, hints, n);
        else to->on_next_due(to->user, due_at_ms);
        return;
    }
    struct news *news = hold_back(s, n, lag_ms);
    news->due_at_ms = due_at_ms;
    if (hints) {
        news->hints = mem_new(n * sizeof *hints);
        memcpy(news->hints, hints, n * sizeof *hints);
    }
}

static void on_hints(void *user, const struct store_hint *hints, size_t n) { tell(user, hints, n, 0); }
static void on_next_due(void *user, int64_t due_at_ms) { tell(user, NULL, 0, due_at_ms); }

/* Not held back: it is told before anything else, to a server that is there. */
static void on_lost(void *user, const struct store_lost *lost, size_t n)
{
    const struct store_events *to = ((struct sim_store *)user)->outer_events;
    if (to->on_lost) to->on_lost(to->user, lost, n);
}

static void on_leased(void *user, const struct store_leased *leased, size_t n)
{
    const struct store_events *to = ((struct sim_store *)user)->outer_events;
    if (to->on_leased) to->on_leased(to->user, leased, n);
}

static void on_keys(void *user, const struct store_key *keys, size_t n)
{
    struct sim_store *s = user;
    int64_t lag_ms = lag(s);
    if (lag_ms == 0) {
        s->outer_events->on_keys(s->outer_events->user, keys, n);
        return;
    }
    struct news *news = hold_back(s, n, lag_ms);
    news->keys = mem_new(n * sizeof *keys);
    for (size_t i = 0; i < n; i++) {
        news->keys[i] = keys[i];
        news->keys[i].queue = arena_str(&news->names, keys[i].queue);
        news->keys[i].key = arena_str(&news->names, keys[i].key);
    }
}

static const struct store_engine engine = {.name = "sim", .submit = submit, .close = close_sim};

void sim_store_init(struct sim_store *s, struct turn *turn, struct rng *rng)
{
    *s = (struct sim_store){.store = {&engine, turn, NULL}, .rng = rng,
                            .events = {.on_hints = on_hints, .on_next_due = on_next_due, .user = s, .on_keys = on_keys, .on_lost = on_lost, .on_leased = on_leased}};
}

void sim_store_open(struct sim_store *s, struct store *inner) { s->inner = inner; }
