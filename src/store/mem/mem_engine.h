/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine `mem:`, the reference: the whole contract in this thread, nothing survives. What was submitted in one turn
 * is one batch of the next.
 */
#ifndef STORE_MEM_MEM_ENGINE_H
#define STORE_MEM_MEM_ENGINE_H

#include "store/store.h"

struct store *mem_engine_open(struct turn *turn, const struct store_events *events);

#endif
