/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications in a list, in the order of their ids.
 */
#ifndef STORE_MEM_MEM_NOTICE_H
#define STORE_MEM_MEM_NOTICE_H

#include "store/mem/mem_shelf.h"

extern const struct shelf_notices mem_notice_ops;

void mem_notice_read(const struct mem_shelf *m, struct store_notice_get *r);
void mem_notice_list(const struct mem_shelf *m, struct store_notice_list *r);
void mem_notice_release(struct mem_shelf *m);

#endif
