/* SPDX-License-Identifier: Apache-2.0
 *
 * Is there room? The lanes as the store's hints tell them, and the decision whose task is claimed next: of all lanes
 * whose queue and handler have room, the one whose first task comes first. Room is kept (reserved) while a claim is on
 * its way, so a limit is never passed. A pool with no process ready has no room: its tasks wait, it is told to start.
 */
#ifndef SERVER_DISPATCH_H
#define SERVER_DISPATCH_H

#include "server/queue.h"
#include "server/roster.h"
#include "store/store.h"

#define DISPATCH_MOST 64           /* tasks of one claim */
#define DISPATCH_STORE_AWAY_MS 250 /* before the next claim when the store did not answer one */

struct lane {
    uint32_t number;     /* the store's */
    struct str type;     /* owned */
    struct queue *queue; /* without room when it is not declared any more */
    struct post *post;   /* NULL: the type is not declared any more */
    uint32_t ready;      /* as last told */
    int64_t head_rank;
    struct id head;
    int32_t claiming;    /* room kept for the claim on its way; 0: there is none */
    int32_t running;     /* tasks of it that have their room */
    bool gone;           /* the store has another in its place: freed with its last task */
};

struct dispatch {
    struct turn *turn;     /* borrowed */
    struct store *store;   /* borrowed */
    struct queues *queues; /* borrowed */
    struct roster *roster; /* borrowed */
    struct lane **lanes;   /* owned, by the store's number modulo LIMIT_LANES; holes are NULL */
    size_t n_lanes;
    size_t claims;         /* on their way */
    bool open;             /* false: nothing is claimed (starting, draining) */
    bool held;             /* the same for a moment, of which pools hear nothing: posts are about to change */
    struct later soon;
    struct timer again;    /* the store was away, a post is on hold */
    void *user;
    void (*on_ended)(void *user, const struct store_tick_item *item); /* a claim came upon one too late to start it */
    void (*on_idle)(void *user); /* the last claim on its way was answered */
    /* A claimed task. Takes over its room: dispatch_free when it is over. The item's memory is the caller's only for
     * the call; `alone`: the item owns the arena and may take it. */
    void (*on_claimed)(void *user, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool alone);
};

void dispatch_init(struct dispatch *d);    /* the members above `lanes` and those from `user` on set by the owner */
void dispatch_release(struct dispatch *d); /* no claim on its way */
void dispatch_hint(struct dispatch *d, const struct store_hint *hints, size_t n);
void dispatch_soon(struct dispatch *d);    /* something changed: look again in this turn */
void dispatch_free(struct dispatch *d, struct lane *lane); /* one task of that lane is over: its room is free */
void dispatch_hold(struct dispatch *d);    /* no further claim; when `claims` is 0, posts may change */
void dispatch_go_on(struct dispatch *d);   /* lanes are given their posts anew, and claimed from */
const struct lane *dispatch_lane(const struct dispatch *d, struct str queue, struct str type); /* NULL: unknown */

#endif
