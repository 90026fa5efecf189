/* SPDX-License-Identifier: Apache-2.0
 *
 * Is there room? The lanes as the store's hints tell them, and the decision whose task is claimed next: of all lanes
 * whose queue and handler have room, the one whose first task comes first. Room is kept (reserved) while a claim is on
 * its way, so a limit is never passed. A pool with no process ready has no room: its tasks wait, it is told to start.
 *
 * Batches: the best head begins one, and it is filled from its lane in order. A lane whose pool lets tasks wait for
 * others to come (batch.delay) is not claimed from meanwhile, and keeps the room it will want from worse ones.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "server/lane.h"
#include "store/store.h"

#define DISPATCH_SOON_MS 1000 /* a token that comes so soon counts for what a pool should keep a process for */
#define DISPATCH_STORE_AWAY_MS 250 /* before the next claim when the store did not answer one */

struct dispatch {
    struct turn *turn;     /* borrowed */
    struct store *store;   /* borrowed */
    struct queues *queues; /* borrowed */
    struct roster *roster; /* borrowed */
    struct lane **lanes;   /* owned, by the store's number modulo LIMIT_LANES; holes are NULL */
    size_t n_lanes;
    struct lane_kinds kinds;
    struct list strays;    /* lanes that are gone and have tasks that run */
    struct list on_way;    /* of struct claim */
    size_t claims;         /* on their way */
    bool delays;           /* some pool lets tasks wait for others to come (batch.delay) */
    bool open;             /* false: nothing is claimed (starting, draining) */
    bool held;             /* the same for a moment, of which pools hear nothing: posts are about to change */
    struct later soon;
    struct timer again;    /* the store was away, a post is on hold, a token is due */
    void *user;
    void (*on_ended)(void *user, const struct store_tick_item *item); /* a claim came upon one too late to start it */
    void (*on_idle)(void *user); /* the last claim on its way was answered */
    /* Claimed tasks, which wait now: dispatch_handed_over, then for each dispatch_over; or, when it was not handed over,
     * dispatch_dropped. The items' memory is the caller's only for the call; that of a single one is
     * the arena, which it may take. */
    void (*on_claimed)(void *user, struct lane *lane, const struct store_claim_item *items, size_t n, struct arena *arena);
};

void dispatch_init(struct dispatch *d);    /* the members above `lanes` and those from `user` on set by the owner */
void dispatch_release(struct dispatch *d); /* no claim on its way */
void dispatch_hint(struct dispatch *d, const struct store_hint *hints, size_t n);
void dispatch_soon(struct dispatch *d);    /* something changed: look again in this turn */
/* A lane for one task that runs already, given away by an earlier server: as if it had been handed over here. */
struct lane *dispatch_adopt(struct dispatch *d, struct str queue, struct str type);
/* n that waited are a batch now; how long the lane had gathered, ms. */
int64_t dispatch_handed_over(struct dispatch *d, struct lane *lane, int32_t n);
bool dispatch_key_waits(const struct lane *lane); /* a task of the same queue and type, with another batch key */
void dispatch_dropped(struct dispatch *d, struct lane *lane);    /* one that waited does not any more, and is over */
void dispatch_over(struct dispatch *d, struct lane *lane, bool last); /* one of a batch is over; the last frees its room */
void dispatch_hold(struct dispatch *d);    /* no further claim; when `claims` is 0, posts may change */
void dispatch_go_on(struct dispatch *d);   /* lanes are given their posts anew, and claimed from */
const struct lane *dispatch_lane_on_way(const struct list *on_way); /* of a claim in d->on_way */
const struct lane *dispatch_lane(const struct dispatch *d, struct str queue, struct str type); /* NULL: unknown */

#endif
