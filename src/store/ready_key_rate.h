/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates per key (key_rate of a queue): of the tasks of one limit_key no more could run now than its bucket has tokens; a claim
 * takes one, whatever becomes of it.
 *
 * A key that has started nothing has the tokens of one that was there, unused, since the rate is known: its queue's bucket. One
 * that takes a token, or waits for one, has a bucket of its own, about 100 bytes, until that is full again: then it is as the
 * queue's. So a key goes with its last task without a gain; one without tasks is kept until then.
 *
 *     own bucket   [ waiting: it holds tasks for want of a token ]   by the moment of the next: part of what is due
 *                  [ resting: without tasks ]                        by the moment it is full: dropped at a commit after it
 *
 * Tokens are counted in mono, as of when a request was submitted: a clock that is set brings none. A token that was taken is
 * journalled; what comes with time is not undone. A queue without a key_rate has nothing of all this.
 */
#ifndef STORE_READY_KEY_RATE_H
#define STORE_READY_KEY_RATE_H

#include "store/ready.h"

void ready_key_rate_now(struct ready *r, int64_t mono_ms, int64_t wall_ms); /* before each request, and before the first is loaded */
void ready_key_rate_take(struct ready *r, uint32_t lane, const struct id *id); /* it is about to be put as running */
bool ready_key_rate_tick(struct ready *r, size_t max); /* lets in what has its token by then; true: that was not all */
int64_t ready_key_rate_due(const struct ready *r);     /* wall: when the next has a token; INT64_MAX: none waits */

#endif
