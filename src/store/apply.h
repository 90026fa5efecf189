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
    bool owes;           /* an ending owes what is to follow it, since this was last looked at */
    struct store_lost *lost; /* owned, as the next: what apply_recover found; apply_forget frees both */
    size_t n_lost;
    struct store_leased *leased;
    size_t n_leased;
};

/* All requests of the list: changes and what the index is asked for. Reads of rows (GET, LIST, LOG) are not for here. */
void apply_batch(struct apply *a, struct list *requests);

/* At open, per live row: running attempts of the process that is gone end `lost`, unless a puller holds them under a
 * lease. In one commit of its own. */
int apply_recover(struct apply *a, int64_t now_ms);
void apply_tell_recovered(const struct apply *a, const struct store_events *events); /* on_lost, on_leased; events may be NULL */
void apply_forget(struct apply *a); /* what apply_recover found */

/* The hints of all lanes touched since the last call, into `hints` (at most `cap`; call again while it returns cap). */
size_t apply_hints(struct apply *a, struct store_hint *hints, size_t cap);
int64_t apply_next_due(const struct apply *a); /* wall, INT64_MAX: nothing waits for a time */

#endif
