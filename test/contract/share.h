/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks with `cache` and what becomes of them: what contract_share.c and contract_follow.c say it with.
 */
#ifndef TEST_CONTRACT_SHARE_H
#define TEST_CONTRACT_SHARE_H

#include "test/contract/contract.h"

#define TTL 60000

struct share {
    struct task_body body;
    struct store_add_item item;
    struct store_add add;
};

void share_make(struct contract *c, struct share *a, uint8_t print); /* with that print, for later */
void share_ask(struct contract *c, struct share *a); /* must be taken */
struct id share_put(struct contract *c, bool follows); /* one of print 1, that follows or waits for its turn */
void share_reopen(struct contract *c); /* of an engine that survives it */
void share_settle_down(struct contract *c, size_t *ret_ended, size_t *ret_leads); /* ticks until nothing is due: how many ended, and began to run themselves */
void share_settles(struct contract *c, size_t ended, size_t leads); /* so many of each */
void share_state(struct contract *c, const struct id *id, enum task_state state);
void share_follows(struct contract *c, const struct id *id, const struct id *leader); /* that one, as it is shown */
void share_answered(struct contract *c, const struct id *id, const struct id *from, const char *result); /* it has completed without a run */
void share_done(struct contract *c, const struct id *id, const char *result, const char *files); /* claimed as the first of its lane; files NULL: none */

#endif
