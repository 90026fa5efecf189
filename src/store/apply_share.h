/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: identical tasks in flight that share one run (store.h: STORE_ADD). Who follows is a row of the shelf;
 * whom, follows from what there is. An ending wakes only the oldest of those that follow: its commit is not longer for a
 * thousand of them. What becomes of that one, in a tick, wakes the next.
 *
 *     submitted, one is in flight ──▶ follows ──another has ended──▶ woken ──a result is kept──▶ completed
 *                                        ▲                             │ └────none in flight──▶ leads: runs as any other
 *                                        └──────────another is─────────┘
 */
#ifndef STORE_APPLY_SHARE_H
#define STORE_APPLY_SHARE_H

#include "store/apply.h"

/* All of them: 0 or the shelf's error. */
int apply_share_ask(struct apply *a, struct store_add_item *it, int64_t now_ms); /* it->follows and whom: of one that may be answered */
int apply_share_wake(struct apply *a, const uint8_t print[TASK_PRINT]); /* one of that print has ended, or is not in flight any more */
int apply_share_moved(struct apply *a, const struct id *id); /* one that leads or follows was changed: its priority or its time */
int apply_share_look(struct apply *a, const struct id *id, struct store_tick *r, size_t *bytes); /* at one that is woken */

#endif
