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

static struct ready_links *links(const struct ready *r, enum ready_tree t, uint32_t i)
{
    return t == READY_OF_LANE ? &r->entries[i].in_lane : &r->keyed[i].in_key;
}

static uint32_t size_of(const struct ready *r, enum ready_tree t, uint32_t root)
{
    return root == READY_NONE ? 0 : links(r, t, root)->size;
}

static void measure(struct ready *r, enum ready_tree t, uint32_t i)
{
    links(r, t, i)->size = 1 + size_of(r, t, links(r, t, i)->left) + size_of(r, t, links(r, t, i)->right);
}

/* Those that come before (rank, id) to *low, the others to *high. */
static void split(struct ready *r, enum ready_tree t, uint32_t root, int64_t rank, const struct id *id, uint32_t *low, uint32_t *high)
{
    if (root == READY_NONE) {
        *low = *high = READY_NONE;
    } else if (before(&r->entries[root], rank, id)) {
        split(r, t, links(r, t, root)->right, rank, id, &links(r, t, root)->right, high);
        measure(r, t, root);
        *low = root;
    } else {
        split(r, t, links(r, t, root)->left, rank, id, low, &links(r, t, root)->left);
        measure(r, t, root);
        *high = root;
    }
}

static uint32_t merge(struct ready *r, enum ready_tree t, uint32_t low, uint32_t high)
{
    if (low == READY_NONE) return high;
    if (high == READY_NONE) return low;
    if (weight(&r->entries[low]) > weight(&r->entries[high])) {
        links(r, t, low)->right = merge(r, t, links(r, t, low)->right, high);
        measure(r, t, low);
        return low;
    }
    links(r, t, high)->left = merge(r, t, low, links(r, t, high)->left);
    measure(r, t, high);
    return high;
}

void ready_tree_add(struct ready *r, enum ready_tree t, uint32_t *root, uint32_t node)
{
    uint64_t w = weight(&r->entries[node]);
    while (*root != READY_NONE && weight(&r->entries[*root]) >= w) {
        links(r, t, *root)->size++;
        root = before(&r->entries[*root], r->entries[node].life.rank, &r->entries[node].id) ? &links(r, t, *root)->right : &links(r, t, *root)->left;
    }
    uint32_t under = *root;
    split(r, t, under, r->entries[node].life.rank, &r->entries[node].id, &links(r, t, node)->left, &links(r, t, node)->right);
    measure(r, t, node);
    *root = node;
}

void ready_tree_remove(struct ready *r, enum ready_tree t, uint32_t *root, uint32_t node)
{
    while (*root != node) {
        assert(*root != READY_NONE);
        links(r, t, *root)->size--;
        root = before(&r->entries[*root], r->entries[node].life.rank, &r->entries[node].id) ? &links(r, t, *root)->right : &links(r, t, *root)->left;
    }
    *root = merge(r, t, links(r, t, node)->left, links(r, t, node)->right);
}

uint32_t ready_tree_first(const struct ready *r, enum ready_tree t, uint32_t root)
{
    if (root == READY_NONE) return READY_NONE;
    while (links(r, t, root)->left != READY_NONE) root = links(r, t, root)->left;
    return root;
}

uint32_t ready_tree_before(const struct ready *r, enum ready_tree t, uint32_t root, int64_t rank, const struct id *id)
{
    uint32_t n = 0;
    while (root != READY_NONE) {
        if (before(&r->entries[root], rank, id)) {
            n += 1 + size_of(r, t, links(r, t, root)->left);
            root = links(r, t, root)->right;
        } else {
            root = links(r, t, root)->left;
        }
    }
    return n;
}

uint32_t ready_tree_size(const struct ready *r, enum ready_tree t, uint32_t root)
{
    return size_of(r, t, root);
}

uint32_t ready_tree_at(const struct ready *r, enum ready_tree t, uint32_t root, uint32_t n)
{
    assert(n < size_of(r, t, root));
    for (;;) {
        uint32_t left = size_of(r, t, links(r, t, root)->left);
        if (n == left) return root;
        if (n < left) {
            root = links(r, t, root)->left;
        } else {
            n -= left + 1;
            root = links(r, t, root)->right;
        }
    }
}
