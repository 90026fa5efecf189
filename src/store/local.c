/* SPDX-License-Identifier: Apache-2.0
 *
 * News and answers of a batch. A request may be freed or submitted again by its on_done.
 */
#include "store/local.h"

#include "base/mem.h"

#include <stdlib.h>

void local_collect(struct local_news *news, struct apply *a)
{
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
}

void local_tell(struct local_news *news, const struct store_events *events)
{
    size_t n = news->n;
    news->n = 0;
    bool due = news->next_due_ms != news->told_due_ms;
    news->told_due_ms = news->next_due_ms;
    if (!events) return;
    if (n) events->on_hints(events->user, news->hints, n);
    if (due) events->on_next_due(events->user, news->next_due_ms);
}

void local_release(struct local_news *news)
{
    free(news->hints);
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
