/* SPDX-License-Identifier: Apache-2.0
 *
 * When a step of a chain is done. A condition is JSON, over the roots of a mapping (mapping.h):
 *
 *     "input.summarize"                                  that is there, and neither null, false, 0 nor ""
 *     {"input.llm": "local", "fetch.result.n": [1, 2]}   each of these is that value, or one of those
 */
#ifndef TASK_CHAIN_H
#define TASK_CHAIN_H

#include "task/mapping.h"

/* Is it a condition over these roots (ends with NULL)? ERR_INVALID with the reason in `e`. */
int chain_check(struct str when, const char *const *roots, struct err *e) MUST_USE;
/* Of one that chain_check took. */
int chain_holds(struct str when, const struct mapping_root *roots, size_t n, bool *ret, struct err *e) MUST_USE;

#endif
