/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints: kept while their run goes on, handed to the next attempt of the same run, gone with its ending. A task that
 * never saved costs nothing: life.saved tells. Inside apply only; 0 or the shelf's error.
 */
#ifndef STORE_APPLY_SAVE_H
#define STORE_APPLY_SAVE_H

#include "store/apply.h"

int apply_save(struct apply *a, struct store_save *r);
int apply_save_resume(struct apply *a, struct store_claim_item *it, struct arena *arena); /* what a claimed task goes on from */
int apply_save_keep(struct apply *a, struct store_settle_item *it); /* the last one of an attempt that did not end its run */
int apply_save_drop(struct apply *a, const struct id *id);          /* the run of a live task ends */
int apply_save_recall(struct apply *a, const struct ready_entry *e, struct task_attempt *ret); /* of an attempt nobody can ask any more */

#endif
