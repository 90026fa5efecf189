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

int32_t queue_room(const struct queue *q)
{
    return q->paused || q->running >= q->concurrency ? 0 : q->concurrency - q->running;
}
