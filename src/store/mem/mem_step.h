/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of chains of the `mem` engine. The shelf's functions of these names.
 */
#ifndef STORE_MEM_MEM_STEP_H
#define STORE_MEM_MEM_STEP_H

#include "store/mem/mem_shelf.h"

int mem_step_move(struct shelf *s, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life);
int mem_step_put(struct shelf *s, const struct id *id, const struct task_step *step);
int mem_step_get(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n);
void mem_step_strip(struct mem_record *rec, unsigned parts);
/* Those of a record, copied. */
const struct task_step *mem_step_copy(const struct mem_record *rec, bool results, struct arena *a);

#endif
