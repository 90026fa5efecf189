/* SPDX-License-Identifier: Apache-2.0
 *
 * News and answers of a batch. A request may be freed or submitted again by its on_done.
 */
#include "store/local.h"

#include "base/mem.h"
#include "store/ready_key.h"
#include "task/order.h"

#include <stdlib.h>

/* The index may give up a key's name before this is told: it is copied. */
static void collect_keys(struct local_news *news, struct ready *r)
{
    for (uint32_t key; (key = ready_key_touched(r)) != READY_NONE;) {
        if (news->n_keys == news->cap_keys) {
            news->cap_keys = news->cap_keys ? news->cap_keys * 2 : 16;
            news->keys = mem_grow(news->keys, news->cap_keys * sizeof *news->keys);
        }
        const struct ready_key *k = &r->keys[key];
        const struct ready_entry *last = ready_key_last(r, key);
        struct store_key *to = &news->keys[news->n_keys++];
        *to = (struct store_key){.queue = arena_str(&news->names, r->queues[k->queue].name),
                                 .key = arena_str(&news->names, ready_key_name(r, key)),
                                 .limit = r->queues[k->queue].key_limit, .running = k->running, .ready = k->ready, .rated = k->rated,
                                 .held = ready_key_held(r, key)};
        if (last) to->last_age = order_by_age(last->life.rank, last->life.eligible_at_ms), to->last = last->id;
    }
}

void local_collect(struct local_news *news, struct apply *a)
{
    collect_keys(news, a->ready);
    for (;;) {
        if (news->n == news->cap) {
            news->cap = news->cap ? news->cap * 2 : 16;
            news->hints = mem_grow(news->hints, news->cap * sizeof *news->hints);
        }
        size_t got = apply_hints(a, news->hints + news->n, news->cap - news->n);
        news->n += got;
        if (news->n < news->cap) break;
    }
    news->next_due_ms = apply_next_due(a);
    news->retired = ready_retired(a->ready);
    news->owed = a->owes;
    a->owes = false;
}

void local_tell(struct local_news *news, const struct store_events *events)
{
    size_t n = news->n, n_keys = news->n_keys;
    news->n = news->n_keys = 0;
    bool due = news->next_due_ms != news->told_due_ms;
    news->told_due_ms = news->next_due_ms;
    if (!events) n = n_keys = 0, due = false;
    if (news->owed && events && events->on_owed) events->on_owed(events->user);
    news->owed = false;
    if (n_keys && events->on_keys) events->on_keys(events->user, news->keys, n_keys);
    if (n) events->on_hints(events->user, news->hints, n);
    if (due) events->on_next_due(events->user, news->next_due_ms);
    if (news->names.total) arena_clear(&news->names);
}

void local_release(struct local_news *news)
{
    free(news->hints);
    free(news->keys);
    arena_release(&news->names);
    ready_names_free(news->retired);
    *news = (struct local_news){0};
}

void local_answer(struct list *requests, size_t *outstanding)
{
    for (struct list *l; (l = list_shift(requests));) {
        struct store_req *r = CONTAINER_OF(l, struct store_req, link);
        --*outstanding;
        r->on_done(r);
    }
}
