/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications in the random histories of test_history.c: made with what pays, then one thing is done with them.
 */
#ifndef TEST_CONTRACT_HISTORY_NOTICE_H
#define TEST_CONTRACT_HISTORY_NOTICE_H

#include "base/buf.h"
#include "test/contract/contract.h"

#define HISTORY_NOTICES 3
/* Up to so many of this task; how many. */
size_t history_notice_make(struct contract *c, struct rng *r, const struct store_owed *owed, struct notice *to);
void history_notice_play(struct contract *c, struct rng *r, struct buf *out);

#endif
