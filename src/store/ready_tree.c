/* SPDX-License-Identifier: Apache-2.0
 *
 * The treap. Expected depth is about 2.9 log2 n: 57 for a million, which bounds the recursion of split and merge.
 */
#include "store/ready_tree.h"

#include <assert.h>

static uint64_t weight(const struct ready_entry *e)
{
    uint64_t h;
    memcpy(&h, e->id.b + 8, sizeof h);
    h = (h ^ (h >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 32);
}

static bool before(const struct ready_entry *e, int64_t rank, const struct id *id)
{
    return e->life.rank != rank ? e->life.rank < rank : id_cmp(&e->id, id) < 0;
}

static void measure(struct ready_entry *e, uint32_t i)
{
    e[i].size = 1 + (e[i].left == READY_NONE ? 0 : e[e[i].left].size) + (e[i].right == READY_NONE ? 0 : e[e[i].right].size);
}

/* Those that come before (rank, id) to *low, the others to *high. */
static void split(struct ready_entry *e, uint32_t root, int64_t rank, const struct id *id, uint32_t *low, uint32_t *high)
{
    if (root == READY_NONE) {
        *low = *high = READY_NONE;
    } else if (before(&e[root], rank, id)) {
        split(e, e[root].right, rank, id, &e[root].right, high);
        measure(e, root);
        *low = root;
    } else {
        split(e, e[root].left, rank, id, low, &e[root].left);
        measure(e, root);
        *high = root;
    }
}

static uint32_t merge(struct ready_entry *e, uint32_t low, uint32_t high)
{
    if (low == READY_NONE) return high;
    if (high == READY_NONE) return low;
    if (weight(&e[low]) > weight(&e[high])) {
        e[low].right = merge(e, e[low].right, high);
        measure(e, low);
        return low;
    }
    e[high].left = merge(e, low, e[high].left);
    measure(e, high);
    return high;
}

void ready_tree_add(struct ready_entry *e, uint32_t *root, uint32_t node)
{
    uint64_t w = weight(&e[node]);
    while (*root != READY_NONE && weight(&e[*root]) >= w) {
        e[*root].size++;
        root = before(&e[*root], e[node].life.rank, &e[node].id) ? &e[*root].right : &e[*root].left;
    }
    uint32_t under = *root;
    split(e, under, e[node].life.rank, &e[node].id, &e[node].left, &e[node].right);
    measure(e, node);
    *root = node;
}

void ready_tree_remove(struct ready_entry *e, uint32_t *root, uint32_t node)
{
    while (*root != node) {
        assert(*root != READY_NONE);
        e[*root].size--;
        root = before(&e[*root], e[node].life.rank, &e[node].id) ? &e[*root].right : &e[*root].left;
    }
    *root = merge(e, e[node].left, e[node].right);
}

uint32_t ready_tree_first(const struct ready_entry *e, uint32_t root)
{
    if (root == READY_NONE) return READY_NONE;
    while (e[root].left != READY_NONE) root = e[root].left;
    return root;
}

uint32_t ready_tree_before(const struct ready_entry *e, uint32_t root, int64_t rank, const struct id *id)
{
    uint32_t n = 0;
    while (root != READY_NONE) {
        if (before(&e[root], rank, id)) {
            n += 1 + (e[root].left == READY_NONE ? 0 : e[e[root].left].size);
            root = e[root].right;
        } else {
            root = e[root].left;
        }
    }
    return n;
}
