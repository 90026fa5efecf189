/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows an ending, in the script of power_run.c: the ending owes something, two notifications and a delivery (a task of
 * its own) come with what pays for it, one notification is read, the other removed, then those that are left are swept.
 */
#ifndef TEST_CONTRACT_POWER_NOTICE_H
#define TEST_CONTRACT_POWER_NOTICE_H

#include "test/contract/contract.h"

void power_notice_begin(void);
/* STORE_ADD, then STORE_NOTICE_READ, _DROP, _SWEEP; the answer's err */
int power_notice_do(struct contract *c, enum store_op op, void (*fail)(void));
int power_notice_check(struct contract *c, void (*fail)(void)); /* what does not hold of what is left */

#endif
