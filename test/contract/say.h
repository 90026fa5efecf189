/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers as text, so that those of two engines can be compared, and read when they differ.
 */
#ifndef TEST_CONTRACT_SAY_H
#define TEST_CONTRACT_SAY_H

#include "base/buf.h"
#include "test/contract/contract.h"

void say_life(struct buf *b, const struct life *l);
void say_lane(struct buf *b, const struct contract_lane *l);
void say_id(struct buf *b, const struct id *id);
void say_failure(struct buf *b, const struct failure *f); /* nothing when there is none */
void say_task(struct buf *b, const struct task *t);
void say_steps(struct buf *b, const struct task_step *steps, size_t n);
void say_history(struct buf *b, const struct store_history *h);
void say_key(struct buf *b, const struct contract *c, const char *queue, const char *key); /* what it holds */
void say_set(struct buf *b, const struct store_count *n); /* what was set for its queue */

#endif
