/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of a lane's or a key's tasks: a treap over entry numbers, sorted by (rank, id), each node knowing the size of
 * its subtree, so that "how many come before me" and "which is the n-th" are O(log n). An entry can be in one of each kind. A treap because it needs no parent links and no balance field: the priority
 * of a node is a hash of its id. Links are 32-bit entry numbers, in the entry itself for a lane and
 * beside it for a key.
 */
#ifndef STORE_READY_TREE_H
#define STORE_READY_TREE_H

#include "store/ready.h"

void ready_tree_add(struct ready *r, enum ready_tree t, uint32_t *root, uint32_t node);
void ready_tree_remove(struct ready *r, enum ready_tree t, uint32_t *root, uint32_t node); /* must be in it */
uint32_t ready_tree_first(const struct ready *r, enum ready_tree t, uint32_t root);        /* READY_NONE when empty */
uint32_t ready_tree_before(const struct ready *r, enum ready_tree t, uint32_t root, int64_t rank, const struct id *id);
uint32_t ready_tree_size(const struct ready *r, enum ready_tree t, uint32_t root);
uint32_t ready_tree_at(const struct ready *r, enum ready_tree t, uint32_t root, uint32_t n); /* n below the size */

#endif
