/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys in the index: of one queue's tasks with one limit_key at most `key_limit` run or could run now, and no more could than
 * the key has tokens of its rate (ready_key_rate.h); the others are held. Which ones follows from what there is, whatever came before:
 *
 *     pending tasks of the key by (rank, id)    [ could run now: in their lanes ][ held: in no lane ]
 *                                                 as many as the limit leaves beside those that run, and
 *                                                 as there are tokens
 *
 * So a place is taken when a task becomes ready, not when it is claimed; one that comes first takes it from one that has
 * not been claimed yet; whatever frees a place (an ending, a retry later, a cancel, a change) lets the best one held in.
 * O(log n) each; a key takes about 110 bytes and its name while it has tasks.
 */
#ifndef STORE_READY_KEY_H
#define STORE_READY_KEY_H

#include "store/ready.h"

/* The place of a key, made on first use; given up with its last task at the next commit or undo. `name` p NULL: READY_NONE. */
uint32_t ready_key_of(struct ready *r, uint32_t queue, struct str name);
/* The limits of a queue may have changed: of what was set, and what is declared. Not journalled: it stays with an undo. */
void ready_key_limit(struct ready *r, uint32_t queue);
struct str ready_key_name(const struct ready *r, uint32_t key);
bool ready_key_is(const struct ready *r, const struct ready_entry *e, struct str name); /* the key of that task */
/* The next key that changed since the last time this returned it and holds tasks, or held some when it was told last;
 * READY_NONE when there is none. */
uint32_t ready_key_touched(struct ready *r);
uint32_t ready_key_held(const struct ready *r, uint32_t key);                /* how many */
const struct ready_entry *ready_key_first(const struct ready *r, uint32_t key); /* of them; NULL: none */
const struct ready_entry *ready_key_last(const struct ready *r, uint32_t key); /* of those that could run now; NULL: none */

#endif
