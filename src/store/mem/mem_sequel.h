/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows endings, of the `mem` engine. The shelf's functions of these names.
 */
#ifndef STORE_MEM_MEM_SEQUEL_H
#define STORE_MEM_MEM_SEQUEL_H

#include "store/mem/mem_shelf.h"

int mem_sequel_add(struct shelf *s, const struct task_body *body);
int mem_sequel_owes(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed);
bool mem_sequel_is_owed(const struct mem_shelf *s, const struct id *id);
int mem_sequel_owe(struct shelf *s, const struct id *id, int32_t run, struct str next);
int mem_sequel_pay(struct shelf *s, const struct id *id, int32_t run);
void mem_sequel_owed(const struct mem_shelf *s, struct store_owed *r);
void mem_sequel_release(struct mem_shelf *s);

#endif
