/* SPDX-License-Identifier: Apache-2.0
 *
 * A lane as the server sees it: what the store last told of it, and what of its tasks is on the way to a handler.
 *
 *   ready (in the store) ──claim──▶ claiming ──answer──▶ waiting (ahead.h) ──handed over──▶ batches ──last verdict──▶ over
 *
 * A batch takes one place of its queue, whatever its size: what runs together on one model is one thing to whoever
 * limits a queue. Of its handler it takes one of the batches that there is room for. A claim takes as many places as the
 * batches will need that it may bring; from then on they only become fewer, and each batch that is handed over uses one
 * up, so that neither limit is passed. When the process that comes takes fewer at a time than was thought, some of what
 * was claimed has no place and is given back. A rate counts tasks, not batches: each that is claimed, or may be, keeps a
 * token of its queue, takes it when it is handed over, and leaves it when it is given back.
 */
#ifndef SERVER_LANE_H
#define SERVER_LANE_H

#include "base/list.h"
#include "base/id.h"
#include "server/lane_kind.h"

#define LANE_CLAIM_MOST 64 /* tasks of one claim */

struct lane {
    uint32_t number;     /* the store's */
    struct lane_kind *kind;
    uint32_t ready;      /* as last told */
    int64_t head_rank;
    struct id head;
    int64_t since_ms;    /* mono, while some are ready: not after the oldest of them came */
    int64_t gathers_since_ms; /* mono; 0: what it gathered, if it did, has been handed over */
    bool in_claim;       /* a claim of it is on its way */
    int32_t claiming;    /* tasks that it may bring */
    int32_t waiting;     /* claimed, not handed over */
    int32_t batches;     /* handed over, not over */
    int32_t planned;     /* places for those that are not handed over: of the post's room, and with `batches` of the queue's */
    int32_t running;     /* tasks of it that have their room */
    bool gone;           /* it is not among dispatch's lanes (any more): freed with its last task */
    struct heap_slot rest; /* in kind->resting */
    struct list link;    /* in kind->moving; gone: in dispatch->strays */
};

void lane_claims(struct lane *l, int32_t n);     /* a claim is on its way that may bring so many, lane_room at most */
void lane_is_brought(struct lane *l, int32_t n); /* it has: they wait */
void lane_hands_over(struct lane *l, int32_t n); /* of those that wait, as one batch; planned > 0 */
void lane_drops(struct lane *l);                 /* one that waited is over */
void lane_adopts(struct lane *l);                /* a batch that was handed over elsewhere */
void lane_batch_over(struct lane *l);
int32_t lane_width(const struct lane *l); /* tasks of a batch; >= 1 */
/* For further tasks of the lane, beside those of a claim on its way: how many may be claimed. *ret_fill: how many of them
 * begin no batch that another lane might want the room for. */
int32_t lane_room(const struct lane *l, int32_t *ret_fill);
/* How many places its ready tasks would take, at most `most`: those of the batches that they begin. */
int32_t lane_wants(const struct lane *l, int32_t most);
/* Until its first batch is full, for as long as the configuration lets its oldest task wait: the ms left; 0: it waits for none. */
int64_t lane_gathers_ms(const struct lane *l, int64_t now_ms);

#endif
