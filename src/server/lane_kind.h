/* SPDX-License-Identifier: Apache-2.0
 *
 * The lanes of one queue and type: they differ in their batch key only, share queue and handler, and so have room, or
 * none, together. There may be thousands of them, of which only as many are on the move as there are places:
 *
 *   empty ──hint: some are ready──▶ resting (a heap: the one that comes first on top) ──claim──▶ moving (a list)
 *     ▲                                      ▲                                                     │
 *     └──────────────────────────────────────┴──────── all that was claimed is handed over ────────┘
 *
 * So a look at what to claim next costs O(kinds + places), whatever the number of lanes.
 */
#ifndef SERVER_LANE_KIND_H
#define SERVER_LANE_KIND_H

#include "base/heap.h"
#include "base/map.h"
#include "server/queue.h"
#include "server/roster.h"

struct lane;

struct lane_kind {
    struct str name;     /* owned: queue, NUL, type */
    struct str type;     /* in `name`; of a chain, with its step (task_lane) */
    struct str works;    /* the type that does its work; p NULL: none does; the configuration's */
    struct queue *queue; /* without room when it is not declared any more */
    struct post *post;   /* NULL: the type is not declared any more */
    uint32_t lanes;      /* of it; freed with the last */
    struct heap resting; /* have ready tasks, none on the way to a handler */
    struct list moving;  /* a claim is on its way, or claimed tasks wait */
};

struct lane_kinds {
    struct lane_kind **all; /* owned, and each; those of one post lie together */
    size_t n;
    struct map by_name;
};

/* For one more lane. */
struct lane_kind *lane_kind_hold(struct lane_kinds *all, struct queues *queues, const struct roster *roster,
                                 struct str queue, struct str type);
void lane_kind_drop(struct lane_kinds *all, struct lane_kind *k);           /* one lane of it is gone */
void lane_kind_repost(struct lane_kinds *all, const struct roster *roster); /* posts have changed */
void lane_kind_release(struct lane_kinds *all);                             /* without lanes */

/* Puts a lane where it belongs: after any change of it. */
void lane_kind_place(struct lane *l);
void lane_kind_leave(struct lane *l);                    /* it rests and moves no more, whatever it has */
struct lane *lane_kind_first(const struct lane_kind *k); /* of those that rest; NULL: none does */
struct lane *lane_kind_resting(struct heap_slot *slot);
struct lane *lane_kind_moving(struct list *link);
bool lane_kind_before(const struct lane *a, const struct lane *b); /* the one order, across lanes: rank, then id */

#endif
