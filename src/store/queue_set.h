/* SPDX-License-Identifier: Apache-2.0
 *
 * What people set for a queue while the server runs, over what its configuration says.
 */
#ifndef STORE_QUEUE_SET_H
#define STORE_QUEUE_SET_H

#include "task/rate.h"

#include <stdbool.h>
#include <stdint.h>

enum store_queue_part { STORE_QUEUE_PAUSED = 1, STORE_QUEUE_DRAINING = 2, STORE_QUEUE_CONCURRENCY = 4, STORE_QUEUE_CAPACITY = 8,
                        STORE_QUEUE_KEYS = 16, STORE_QUEUE_RATE = 32, STORE_QUEUE_FAIR = 64, STORE_QUEUE_KEY_RATE = 128 };
struct store_queue_set {
    bool paused, draining;
    int32_t concurrency; /* 0: as configured */
    int64_t capacity;    /* waiting tasks, 0: no limit; -1: as configured */
    int32_t key_concurrency; /* tasks with one limit_key, 0: no limit; -1: as configured */
    struct rate rate;        /* n 0: no limit; -1: as configured */
    int32_t fair;            /* one task of each limit_key after the other: 1; 0: by age; -1: as configured */
    struct rate key_rate;    /* of the starts of each limit_key, as `rate` */
};
#define STORE_QUEUE_AS_CONFIGURED ((struct store_queue_set){.capacity = -1, .key_concurrency = -1, .rate.n = -1, .fair = -1, .key_rate.n = -1})

static inline void store_queue_merge(struct store_queue_set *to, unsigned parts, const struct store_queue_set *from)
{
    if (parts & STORE_QUEUE_PAUSED) to->paused = from->paused;
    if (parts & STORE_QUEUE_DRAINING) to->draining = from->draining;
    if (parts & STORE_QUEUE_CONCURRENCY) to->concurrency = from->concurrency;
    if (parts & STORE_QUEUE_CAPACITY) to->capacity = from->capacity;
    if (parts & STORE_QUEUE_KEYS) to->key_concurrency = from->key_concurrency;
    if (parts & STORE_QUEUE_RATE) to->rate = from->rate;
    if (parts & STORE_QUEUE_FAIR) to->fair = from->fair;
    if (parts & STORE_QUEUE_KEY_RATE) to->key_rate = from->key_rate;
}

#endif
