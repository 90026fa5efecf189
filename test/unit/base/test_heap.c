/* SPDX-License-Identifier: Apache-2.0
 *
 * The heap against a plain array with the same random moves: whatever is done, the least comes first, and every slot
 * knows its place.
 */
#include "test.h"

#include "base/heap.h"
#include "base/list.h"
#include "base/rng.h"

enum { N = 300 };

struct item {
    int64_t key;
    struct heap_slot slot;
};

static bool item_before(const struct heap_slot *a, const struct heap_slot *b)
{
    return CONTAINER_OF(a, const struct item, slot)->key < CONTAINER_OF(b, const struct item, slot)->key;
}

static int64_t key_of(const struct heap_slot *s) { return CONTAINER_OF(s, const struct item, slot)->key; }

static void check_against(const struct heap *h, const struct item *items)
{
    size_t n = 0;
    int64_t least = INT64_MAX;
    for (int i = 0; i < N; i++) {
        if (!items[i].slot.place) continue;
        n++;
        CHECK(h->slots[items[i].slot.place - 1] == &items[i].slot);
        if (items[i].key < least) least = items[i].key;
    }
    CHECK_INT(h->n, n);
    CHECK((heap_first(h) == NULL) == (n == 0));
    if (n) CHECK_INT(key_of(heap_first(h)), least);
    for (size_t i = 1; i < h->n; i++) CHECK(key_of(h->slots[(i - 1) / 2]) <= key_of(h->slots[i]));
}

TEST(random_moves_agree_with_a_plain_array)
{
    static struct item items[N];
    struct heap h;
    struct rng_seeded chance;
    heap_init(&h, item_before);
    rng_seeded_init(&chance, 42);
    for (int step = 0; step < 20000; step++) {
        struct item *it = &items[rng_below(&chance.rng, N)];
        uint64_t what = rng_below(&chance.rng, 3);
        if (what == 0) {
            heap_remove(&h, &it->slot);
        } else if (!it->slot.place) {
            it->key = (int64_t)rng_below(&chance.rng, 100);
            heap_add(&h, &it->slot);
        } else {
            it->key = (int64_t)rng_below(&chance.rng, 100);
            heap_move(&h, &it->slot);
        }
        if (step % 20 == 0) check_against(&h, items);
    }
    int64_t last = INT64_MIN;
    for (struct heap_slot *s; (s = heap_first(&h));) {
        CHECK(key_of(s) >= last);
        last = key_of(s);
        heap_remove(&h, s);
    }
    CHECK_INT(h.n, 0);
    heap_release(&h);
}

TEST(removing_what_is_not_in_it_does_nothing)
{
    struct item in = {1, {0}}, out = {0, {0}};
    struct heap h;
    heap_init(&h, item_before);
    heap_remove(&h, &out.slot);
    heap_add(&h, &in.slot);
    heap_remove(&h, &out.slot);
    heap_move(&h, &out.slot);
    CHECK(heap_first(&h) == &in.slot);
    heap_release(&h);
    CHECK_INT(in.slot.place, 0); /* released: it may be added to another */
    CHECK(heap_first(&h) == NULL);
}

TEST_MAIN
