/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue as it runs: its limits and how many of its tasks are being worked on. Tasks are not in here: they are in the
 * store.
 */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include "base/map.h"
#include "server/config.h"
#include "store/queue_set.h"

struct queue {
    struct str name;         /* borrowed from the configuration */
    const struct config_queue *conf; /* borrowed */
    int32_t concurrency;     /* >= 1; as set, else as configured */
    int64_t capacity;        /* waiting tasks allowed, 0: no limit; the same */
    bool paused, draining;   /* draining: takes no new tasks, runs those it has */
    bool concurrency_set, capacity_set;
    int32_t running;         /* claimed, or room kept for a claim on its way */
    int32_t spare;           /* dispatch's, while it counts what is wanted: room no lane has taken yet */
};

struct queues {
    struct queue *all; /* owned */
    size_t n;
    struct map by_name;
};

void queue_open_all(struct queues *q, const struct config *c);
void queue_close_all(struct queues *q);
struct queue *queue_find(const struct queues *q, struct str name); /* NULL when not declared */
/* What people set, over the configuration; the parts are those of store_queue_set. */
void queue_set(struct queue *q, unsigned parts, const struct store_queue_set *set);
int32_t queue_room(const struct queue *q);                         /* 0 when paused or full */

#endif
