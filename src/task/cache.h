/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be the same for the result of one task to answer another: tenant, type, the version that its submit names, and
 * the input, byte for byte. Nothing else of a task: neither its queue nor what may become of it.
 */
#ifndef TASK_CACHE_H
#define TASK_CACHE_H

#include "task/task.h"

/* SHA-256 over them, each with its length before it: no two different ones look the same put together. */
void cache_print(const struct task_body *body, struct str version, uint8_t ret[TASK_PRINT]);

#endif
