/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds which key, in a map: the shelf's functions of these names.
 */
#ifndef STORE_MEM_MEM_ONCE_H
#define STORE_MEM_MEM_ONCE_H

#include "store/mem/mem_shelf.h"

int mem_once_holders(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n);
int mem_once_hold(struct shelf *s, const struct task_body *body);
int mem_once_let_go(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other);
void mem_once_release(struct mem_shelf *m);

#endif
