/* SPDX-License-Identifier: Apache-2.0
 *
 * Some of the steps of test_history.c.
 */
#ifndef TEST_CONTRACT_HISTORY_STEPS_H
#define TEST_CONTRACT_HISTORY_STEPS_H

#include "base/buf.h"
#include "test/contract/contract.h"

/* What that attempt may save now. */
struct task_save history_any_save(const struct contract *c, struct rng *r, const struct task_attempt *of);
/* Some of these attempts save, mostly the newest, now and then one that is over. */
void history_save(struct contract *c, struct rng *r, struct buf *out, const struct store_settle_item *attempts, int n_attempts);
/* What the history can tell of the checkpoint of an attempt that is lost. */
void history_recall_save(struct contract *c, struct task_attempt *a);
void history_set(struct contract *c, struct rng *r, const char *const *queues); /* two of them */
/* None of the two is fair any more, and the keys of none have a rate. */
void history_begin_anew(struct contract *c, const char *const *queues);

/* When the next has a time of its own; tokens of keys come too late for a history. */
void history_say_next(struct buf *out, const struct contract *c);

/* Of a chain: the step that this attempt is to do. Then, when its verdict is DONE, what comes after it, and what follows. */
struct task_step history_step(const struct task_body *body, const struct life *life);
void history_do_step(struct rng *r, struct store_settle_item *it);
void history_owed(struct contract *c, struct rng *r, struct buf *out); /* the oldest ending that owes something; mostly it is paid, with notifications; then something is done with those */
void history_tick(struct contract *c, size_t max, struct buf *out);

#endif
