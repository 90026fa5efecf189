/* SPDX-License-Identifier: Apache-2.0
 *
 * The due heap of the index: entries that must be looked at again at life_next_ms (run_at, backoff, start_by), the
 * earliest on top. Not base/heap: entries live in a slab that moves, so places are numbers, not pointers.
 */
#ifndef STORE_READY_DUE_H
#define STORE_READY_DUE_H

#include "store/ready.h"

void ready_due_add(struct ready *r, uint32_t entry);
void ready_due_remove(struct ready *r, uint32_t entry); /* must be in it */

#endif
