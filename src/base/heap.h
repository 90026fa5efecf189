/* SPDX-License-Identifier: Apache-2.0
 *
 * Binary min-heap of borrowed pointers, each remembering its place, so that removal is O(log n).
 * The item embeds a `struct heap_slot`; `before` says which of two slots comes first.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

struct heap_slot {
    size_t place; /* index + 1; 0 when not in a heap */
};

struct heap {
    struct heap_slot **slots; /* owned array of borrowed slots */
    size_t n, cap;
    bool (*before)(const struct heap_slot *a, const struct heap_slot *b);
};

void heap_init(struct heap *h, bool (*before)(const struct heap_slot *a, const struct heap_slot *b));
void heap_release(struct heap *h);
void heap_add(struct heap *h, struct heap_slot *s);    /* must not be in a heap; aborts when out of memory */
void heap_remove(struct heap *h, struct heap_slot *s); /* nothing when it is not in the heap */
void heap_move(struct heap *h, struct heap_slot *s);   /* its key changed */
struct heap_slot *heap_first(const struct heap *h);    /* NULL when empty */

#endif
