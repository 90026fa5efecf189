/* SPDX-License-Identifier: Apache-2.0
 *
 * Queues from the configuration, by name.
 */
#include "server/queue.h"

#include "base/mem.h"

#include <stdlib.h>

void queue_open_all(struct queues *q, const struct config *c)
{
    q->n = c->n_queues;
    q->all = mem_new((q->n ? q->n : 1) * sizeof *q->all);
    map_init(&q->by_name);
    for (size_t i = 0; i < q->n; i++) {
        const struct config_queue *from = &c->queues[i];
        q->all[i] = (struct queue){.name = str_of(from->name),
                                   .conf = from,
                                   .concurrency = from->concurrency,
                                   .capacity = from->capacity,
                                   .paused = from->paused};
        (void)map_put(&q->by_name, q->all[i].name, &q->all[i]);
    }
}

void queue_close_all(struct queues *q)
{
    map_release(&q->by_name);
    free(q->all);
    *q = (struct queues){0};
}

struct queue *queue_find(const struct queues *q, struct str name)
{
    return map_get(&q->by_name, name);
}

void queue_set(struct queue *q, unsigned parts, const struct store_queue_set *set)
{
    if (parts & STORE_QUEUE_PAUSED) q->paused = set->paused;
    if (parts & STORE_QUEUE_DRAINING) q->draining = set->draining;
    if (parts & STORE_QUEUE_CONCURRENCY) {
        q->concurrency_set = set->concurrency > 0;
        q->concurrency = q->concurrency_set ? set->concurrency : q->conf->concurrency;
    }
    if (parts & STORE_QUEUE_CAPACITY) {
        q->capacity_set = set->capacity >= 0;
        q->capacity = q->capacity_set ? set->capacity : q->conf->capacity;
    }
}

int32_t queue_room(const struct queue *q)
{
    return q->paused || q->running >= q->concurrency ? 0 : q->concurrency - q->running;
}
