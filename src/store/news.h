/* SPDX-License-Identifier: Apache-2.0
 *
 * What a store tells without being asked: lanes that have work, keys that hold tasks back, when something is due, what a
 * predecessor left.
 */
#ifndef STORE_NEWS_H
#define STORE_NEWS_H

#include "base/id.h"
#include "base/str.h"

#include <stdbool.h>

/* What changed in a lane by a commit. A number below LIMIT_LANES is the lane's; when a lane without tasks had to make
 * room, the next one there has that number + LIMIT_LANES, and so on: a claim that names a lane that is gone finds
 * nothing. */
struct store_hint {
    uint32_t lane;
    struct str queue, type; /* borrowed for the call */
    struct str batch_key;   /* the same; p NULL: its tasks have none */
    uint32_t ready;         /* tasks that could run now */
    int64_t head_rank;      /* of the first, when ready > 0 */
    struct id head;         /* the first */
    int64_t head_eligible_ms; /* wall; since when that could run */
};

/* A key of a queue that holds tasks back, or does no longer: changed by a commit. Of its pending tasks those up to `last`
 * in (age, id) are in their lanes, those behind are held. */
struct store_key {
    struct str queue, key; /* borrowed for the call */
    uint32_t limit;        /* tasks that may run at a time */
    bool rated;            /* what is held waits for a token of the key's rate, not for one that runs to end */
    uint32_t running, ready, held; /* held 0: it holds none back */
    int64_t last_age;      /* when ready > 0, as the next: its priority and since when it could run, as order_by_age says them */
    struct id last;
};

/* An attempt of a predecessor that is gone: ended `lost` at open. */
struct store_lost {
    struct id id;
    int32_t run, number;
};

/* An attempt that a predecessor gave to a puller: it runs on under its fence, for one lease more. */
struct store_leased {
    struct id id;
    int32_t run, number;
    uint64_t fence;
    struct str queue, type; /* borrowed for the call */
    int64_t started_at_ms;  /* wall */
};

struct store_events { /* called from the turn; the hints of a commit come before the answers of its requests; what stands
                      * at open is told in the first turn */
    void (*on_hints)(void *user, const struct store_hint *hints, size_t n);
    void (*on_next_due)(void *user, int64_t due_at_ms); /* wall; INT64_MAX: nothing waits for a time. When it changed */
    void *user;
    void (*on_keys)(void *user, const struct store_key *keys, size_t n); /* with the hints; may be NULL */
    void (*on_owed)(void *user); /* an ending owes what is to follow it, since a commit; may be NULL. Who begins asks by himself */
    /* Once each, in the first turn, before the hints, when there were some; may be NULL. */
    void (*on_lost)(void *user, const struct store_lost *lost, size_t n);
    void (*on_leased)(void *user, const struct store_leased *leased, size_t n);
};

#endif
