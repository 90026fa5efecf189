/* SPDX-License-Identifier: Apache-2.0
 *
 * What a running attempt saves, on its way to the store: the last one, at once or a second after the one before; what
 * came in between is never stored. It may outlive its run by the answer of the store that it waits for.
 *
 *   idle ──said──▶ saving ──answered──▶ resting ──a second is over──▶ idle
 *                    ▲                                │ there is another
 *                    └────────────────────────────────┘
 *   any ── the verdict: the settle takes over what is not stored yet ──▶ over ── run freed, answered ──▶ (freed)
 */
#ifndef SERVER_CHECKPOINT_H
#define SERVER_CHECKPOINT_H

#include "base/buf.h"
#include "base/limits.h"
#include "store/store.h"

#define CHECKPOINT_REST_MS 1000

enum checkpoint_state { CHECKPOINT_IDLE, CHECKPOINT_SAVING, CHECKPOINT_RESTING, CHECKPOINT_OVER };

struct checkpoint {
    enum checkpoint_state state;
    struct store *store;   /* borrowed */
    struct turn *turn;     /* borrowed */
    struct id id;
    uint64_t fence;
    struct task_save last; /* that was said; its data in `next` or `sent`; at_ms 0: none was */
    bool fresh;            /* `last` is in `next`: nobody was told yet */
    bool stored;           /* `last` is in the store */
    struct buf next, sent; /* sent: what the store has been given; stays until the answer */
    int64_t sent_at_ms;    /* mono */
    bool asked, left;      /* the store has not answered; the run is gone */
    struct timer rested;
    struct store_save request;
    struct store_save_item item;
};

/* Of an attempt; `resumed_from` as its claim said. */
struct checkpoint *checkpoint_new(struct store *store, struct turn *turn, const struct id *id, uint64_t fence, int32_t attempt,
                                  int32_t resumed_from);
void checkpoint_say(struct checkpoint *c, struct str data); /* at most LIMIT_SAVE; empty: none is to be kept */
/* Nothing more is said or stored by itself. What is not known to be stored, borrowed until checkpoint_leave; attempt 0: nothing. */
struct task_save checkpoint_finish(struct checkpoint *c);
void checkpoint_leave(struct checkpoint *c); /* the run is freed; NULL: nothing */

#endif
