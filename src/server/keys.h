/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that hold tasks back: the store limits how many tasks of one limit_key run at a time, and how often they start; here is what it
 * told of the keys that are at their limit, and the request that tells it what the configuration says.
 */
#ifndef SERVER_KEYS_H
#define SERVER_KEYS_H

#include "base/map.h"
#include "server/queue.h"
#include "store/store.h"

#define KEYS_AGAIN_MS 1000 /* before the limits are declared again, when the store did not answer */

struct keys {
    struct turn *turn;           /* borrowed, as the next two; set by the owner */
    struct queues *queues;
    struct store *store;         /* set before keys_declare */
    void *user;
    void (*on_declared)(void *user); /* nothing of it is on its way any more; by it, keys_is_idle */
    struct map holding;          /* "queue\0key" -> struct key_state, owned */
    struct store_declare declare;
    struct store_declared *items; /* owned */
    bool asking, again, stopped;
    bool known;                  /* the store has what the queues say */
    struct timer retry;
};

struct key_state { /* as last told */
    uint32_t limit, running, ready;
    bool rated;
    int64_t last_age;
    struct id last;
    char name[]; /* its name in the map */
};

void keys_init(struct keys *k);
void keys_release(struct keys *k);
void keys_tell(struct keys *k, const struct store_key *keys, size_t n); /* the store's on_keys */
/* Tells the store what the queues say, now or after what is on its way; tried again until it has heard. */
void keys_declare(struct keys *k);
void keys_stop(struct keys *k); /* no further try */
bool keys_is_idle(const struct keys *k);
/* Is this pending task held back by others of its key? NULL: it is not. */
const struct key_state *keys_hold(const struct keys *k, const struct task *t);

#endif
