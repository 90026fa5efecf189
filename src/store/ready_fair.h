/* SPDX-License-Identifier: Apache-2.0
 *
 * Fair share between the keys of a queue: in a fair queue the rank of a task says not since when it could run but when it
 * is the turn of its key (order_fair_start), one task of each key after the other. A key is a limit_key; tasks without one
 * share the key "", which has no limit.
 *
 * Ranks are given when a task becomes pending, and once more, to all that wait, when a queue becomes fair or ceases to be:
 * then in memory only. What a row says is the order they are taken in when that happens again at the next start, so the turns
 * come out the same; what a key has had before it is forgotten with its last task that waits or runs, and by a restart.
 */
#ifndef STORE_READY_FAIR_H
#define STORE_READY_FAIR_H

#include "store/ready.h"

/* What is set or declared may have changed. Nothing may be in the journal: it stays with an undo. A change takes every task
 * of the queue in its hand. `now_ms`: wall. */
void ready_fair_settle(struct ready *r, uint32_t queue, int64_t now_ms);
/* The key of a new task: that of its name; in a fair queue each has one. READY_NONE: it has none. */
uint32_t ready_fair_key(struct ready *r, uint32_t queue, struct str limit_key);
/* Of one that is to become pending by this, before it is put: its rank, when its queue is fair. */
void ready_fair_place(struct ready *r, uint32_t lane, uint32_t key, struct life *life, int64_t now_ms);
/* The same of one that is there, whatever it becomes: what is only given back keeps its rank. */
void ready_fair_replace(struct ready *r, uint32_t lane, const struct id *id, struct life *life, int64_t now_ms);
void ready_fair_started(struct ready *r, uint32_t lane, const struct id *id); /* the turn of its key has come */
bool ready_fair_moved(const struct ready *r, uint32_t queue); /* ranks of this queue may be others than rows say */

#endif
