/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files in a list, in the order of their ids.
 */
#ifndef STORE_MEM_MEM_FILE_H
#define STORE_MEM_MEM_FILE_H

#include "store/mem/mem_shelf.h"

extern const struct shelf_files mem_file_ops;

void mem_file_read(const struct mem_shelf *m, struct store_file_get *r);
void mem_file_list(const struct mem_shelf *m, struct store_file_list *r);
void mem_file_release(struct mem_shelf *m);

#endif
