/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files in the script of power_run.c: two are added by one request, one of them is removed, then forgotten.
 */
#ifndef TEST_CONTRACT_POWER_FILE_H
#define TEST_CONTRACT_POWER_FILE_H

#include "test/contract/contract.h"

void power_file_begin(void);
int power_file_do(struct contract *c, enum store_op op, void (*fail)(void)); /* STORE_FILE_ADD, then _DROP, then _SWEEP; the answer's err */
int power_file_check(struct contract *c, void (*fail)(void)); /* what does not hold of what is left */

#endif
