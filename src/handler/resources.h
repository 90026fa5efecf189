/* SPDX-License-Identifier: Apache-2.0
 *
 * Named resources that the processes of several pools share (task/ration.h has the rules). A pool whose processes need
 * something starts none by itself: it says how many it would start, and is told when it may start one. Whenever that
 * or a process of such a pool changes, everything is looked at again in the next turn, never from inside a callback.
 *
 *   pool: wants one ──resources_ask──▶ look ──free──▶ start()
 *                                       │ not free
 *                                       └──▶ idle ones of whichever pool end; working ones are given nothing more
 */
#ifndef HANDLER_RESOURCES_H
#define HANDLER_RESOURCES_H

#include "base/list.h"
#include "base/turn.h"
#include "handler/worker.h"

struct resources {
    struct turn *turn;                   /* borrowed */
    const struct ration_amount *whole;   /* borrowed; ends with one without a name */
    size_t n;                            /* of them, <= LIMIT_RESOURCES */
    struct list users;                   /* of struct resource_user */
    int64_t tickets;                     /* drawn so far */
    bool fits;                           /* what is held is not more than the whole */
    struct later later;
    struct timer again;
};

/* A pool; embedded there. */
struct resource_user {
    struct resources *of;                /* NULL: it needs nothing */
    struct worker *workers;              /* borrowed, n of them */
    size_t n;
    const size_t *waiting;               /* borrowed: batches that wait for it */
    bool waited;                         /* whether any did when it last asked */
    size_t asks;                         /* processes that it would start for tasks */
    bool preloads;                       /* or one that no task waits for */
    int32_t priority;                    /* of the best task that waits for it */
    int64_t since_ms, ticket;            /* of what it asks for (ration.h) */
    bool barred;                         /* beside what it has there is never room for another */
    void (*start)(struct resource_user *u); /* starts one, now */
    struct list link;
};

void resources_init(struct resources *r, struct turn *turn, const struct ration_amount *whole); /* NULL: there is nothing */
void resources_release(struct resources *r);  /* nobody uses it any more */
void resources_change(struct resources *r, const struct ration_amount *whole);
bool resources_holds(const struct worker *w); /* from its start until its keeper has said that its tree is dead */
/* How much of number i (0 .. n-1) is held by processes that are not dead yet. */
int64_t resources_used(const struct resources *r, size_t i);

/* `of` NULL: needs nothing, and the other functions do nothing. The members workers, n, waiting and start are set by the pool. */
void resources_join(struct resource_user *u, struct resources *of);
void resources_leave(struct resource_user *u);
/* How many it would start now, for tasks, of which the best has this priority; or one that no task waits for. */
void resources_ask(struct resource_user *u, size_t asks, bool preloads, int32_t priority);
void resources_changed(struct resource_user *u); /* one of its processes: another state */
/* Does it wait for room? Then why, in words: "vram: 6G of 24G free, needs 8G". */
bool resources_waits(const struct resource_user *u, struct err *ret_detail);

#endif
