/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract of store.h, applied: one batch of requests over the index (ready.h) and a shelf (shelf.h), in one
 * commit. The local engines share it, so that what a store does is written once.
 *
 *   apply_batch: each request: validate against index and life, write to the shelf, change the index (journalled)
 *                commit: failed -> roll the shelf back, undo the index, every change answers the error
 *                a request could not be applied -> the same, then each half of the batch alone
 *
 * Runs in the thread that writes. Answers are left in the requests; the caller hands them back.
 */
#ifndef STORE_APPLY_H
#define STORE_APPLY_H

#include "store/ready.h"
#include "store/shelf.h"

struct apply {
    struct ready *ready; /* borrowed */
    struct shelf *shelf; /* borrowed */
    bool open;           /* a transaction is open */
    struct store_lost *lost; /* owned: what apply_recover found; free() it */
    size_t n_lost;
};

/* All requests of the list: changes and STORE_COUNTS. Reads of rows (GET, LIST, LOG) are not for here. */
void apply_batch(struct apply *a, struct list *requests);

/* At open, per live row: running attempts of the process that is gone end `lost`. In one commit of its own. */
int apply_recover(struct apply *a, int64_t now_ms);

/* The hints of all lanes touched since the last call, into `hints` (at most `cap`; call again while it returns cap). */
size_t apply_hints(struct apply *a, struct store_hint *hints, size_t cap);
int64_t apply_next_due(const struct apply *a); /* wall, INT64_MAX: nothing waits for a time */

#endif
