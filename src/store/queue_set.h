/* SPDX-License-Identifier: Apache-2.0
 *
 * What people set for a queue while the server runs, over what its configuration says.
 */
#ifndef STORE_QUEUE_SET_H
#define STORE_QUEUE_SET_H

#include <stdbool.h>
#include <stdint.h>

enum store_queue_part { STORE_QUEUE_PAUSED = 1, STORE_QUEUE_DRAINING = 2, STORE_QUEUE_CONCURRENCY = 4, STORE_QUEUE_CAPACITY = 8 };
struct store_queue_set {
    bool paused, draining;
    int32_t concurrency; /* 0: as configured */
    int64_t capacity;    /* waiting tasks, 0: no limit; -1: as configured */
};
#define STORE_QUEUE_AS_CONFIGURED ((struct store_queue_set){.capacity = -1})

static inline void store_queue_merge(struct store_queue_set *to, unsigned parts, const struct store_queue_set *from)
{
    if (parts & STORE_QUEUE_PAUSED) to->paused = from->paused;
    if (parts & STORE_QUEUE_DRAINING) to->draining = from->draining;
    if (parts & STORE_QUEUE_CONCURRENCY) to->concurrency = from->concurrency;
    if (parts & STORE_QUEUE_CAPACITY) to->capacity = from->capacity;
}

#endif
