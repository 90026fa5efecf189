/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads of the records, copied into the request's arena.
 */
#ifndef STORE_MEM_MEM_READ_H
#define STORE_MEM_MEM_READ_H

#include "store/mem/mem_shelf.h"

void mem_read_get(const struct mem_shelf *s, struct store_get *r);
void mem_read_list(const struct mem_shelf *s, struct store_list *r);
void mem_read_log(const struct mem_shelf *s, struct store_log *r);
void mem_read_kept(const struct mem_shelf *s, struct store_kept *r);
void mem_read_history(const struct mem_shelf *s, struct store_history *r);

#endif
