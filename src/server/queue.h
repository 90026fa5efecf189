/* SPDX-License-Identifier: Apache-2.0
 *
 * A queue as it runs: its limits and how many of its tasks are being worked on. Tasks are not in here: they are in the
 * store. What people set counts more than what the configuration says. A queue that is not declared (any more) is kept,
 * without room, for the tasks it has in the store, for those that still run, and for what was set: who holds a queue may
 * hold it as long as the server lives.
 */
#ifndef SERVER_QUEUE_H
#define SERVER_QUEUE_H

#include "base/map.h"
#include "server/config.h"
#include "store/store.h"

struct queue {
    struct str name;            /* owned */
    bool declared;
    struct config_queue conf;   /* as declared last; its name is NULL */
    struct store_queue_set set; /* by people */
    bool pause_set;             /* `paused` is among it */

    int32_t concurrency;        /* these eight follow from the above; >= 1 when declared, else 0 */
    int64_t capacity;           /* waiting tasks allowed, 0: no limit */
    int32_t key_concurrency;    /* tasks with one limit_key, 0: no limit; the store sees to it */
    struct rate rate;           /* of starts; n 0: no limit */
    struct rate key_rate;       /* of the starts of each limit_key; the store sees to it */
    bool fair;                  /* one task of each limit_key after the other; the store sees to it */
    bool paused, draining;      /* draining: takes no new tasks, runs those it has */

    struct rate_bucket bucket;  /* keeps to the rate from the next look on */
    int32_t coming;             /* tasks claimed or maybe claimed, not handed over: each has a token, which it takes when it starts */
    int32_t tokens;             /* at the last look */
    int32_t running;            /* claimed, or room kept for a claim on its way */
    int32_t spare;              /* dispatch's, while it counts what is wanted: room no lane has taken yet */
    const void *spare_of;       /* the same: by which post */
};

struct queues {
    struct queue **all; /* owned, and each */
    size_t n;
    struct map by_name;
};

void queue_open_all(struct queues *q, const struct config *c);
void queue_close_all(struct queues *q);
void queue_declare_all(struct queues *q, const struct config *c);                 /* another configuration */
void queue_remember_all(struct queues *q, const struct store_counts *counts);     /* what the store knows was set */
struct queue *queue_find(const struct queues *q, struct str name); /* NULL when not declared */
struct queue *queue_hold(struct queues *q, struct str name);       /* also one that is not declared */
/* What people set, over the configuration; the parts are those of store_queue_set. */
void queue_set(struct queue *q, unsigned parts, const struct store_queue_set *set);
int32_t queue_room(const struct queue *q); /* 0 when paused or full */
/* Its rate, asked once before its lanes are: counts the tokens there are now (mono). */
void queue_look(struct queue *q, int64_t now_ms);
int32_t queue_starts(const struct queue *q); /* how many more may be claimed by its rate, as of the last look */
void queue_takes(struct queue *q, int32_t n, int64_t now_ms); /* n of those that are coming start: before they are taken off */
/* How long until the rate lets one more be claimed: 0 now; -1: not before one of those that are coming has started or is gone. */
int64_t queue_rate_ms(struct queue *q, int64_t now_ms);
int64_t queue_rate_after_ms(struct queue *q, int64_t n, int64_t now_ms); /* the same until the n-th of those that wait may be started */

#endif
