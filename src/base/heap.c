/* SPDX-License-Identifier: Apache-2.0
 *
 * Binary min-heap. Every slot knows its place, so that the owner can remove or move it without a search; the price is
 * one store per step of a sift. Places are kept as index + 1, so that a zeroed slot is in no heap.
 */
#include "base/heap.h"
#include "base/mem.h"
#include <stdlib.h>

void heap_init(struct heap *h, bool (*before)(const struct heap_slot *a, const struct heap_slot *b))
{
    *h = (struct heap){.before = before};
}

void heap_release(struct heap *h)
{
    for (size_t i = 0; i < h->n; i++) h->slots[i]->place = 0;
    free(h->slots);
    h->slots = NULL;
    h->n = h->cap = 0;
}

static void put(struct heap *h, size_t i, struct heap_slot *s)
{
    h->slots[i] = s;
    s->place = i + 1;
}

static void sift_up(struct heap *h, size_t i, struct heap_slot *s)
{
    while (i > 0) {
        size_t parent = (i - 1) / 2;
        if (!h->before(s, h->slots[parent])) break;
        put(h, i, h->slots[parent]);
        i = parent;
    }
    put(h, i, s);
}

static void sift_down(struct heap *h, size_t i, struct heap_slot *s)
{
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->n) break;
        if (child + 1 < h->n && h->before(h->slots[child + 1], h->slots[child])) child++;
        if (!h->before(h->slots[child], s)) break;
        put(h, i, h->slots[child]);
        i = child;
    }
    put(h, i, s);
}

static void settle(struct heap *h, size_t i, struct heap_slot *s)
{
    if (i > 0 && h->before(s, h->slots[(i - 1) / 2])) sift_up(h, i, s);
    else sift_down(h, i, s);
}

void heap_add(struct heap *h, struct heap_slot *s)
{
    if (s->place) abort(); /* already in a heap: two owners of one slot */
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 16;
        h->slots = mem_grow(h->slots, h->cap * sizeof *h->slots);
    }
    sift_up(h, h->n++, s);
}

void heap_remove(struct heap *h, struct heap_slot *s)
{
    if (s->place == 0) return;
    size_t i = s->place - 1;
    struct heap_slot *last = h->slots[--h->n];
    s->place = 0;
    if (last != s) settle(h, i, last);
}

void heap_move(struct heap *h, struct heap_slot *s)
{
    if (s->place) settle(h, s->place - 1, s);
}

struct heap_slot *heap_first(const struct heap *h) { return h->n ? h->slots[0] : NULL; }
