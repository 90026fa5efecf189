/* SPDX-License-Identifier: Apache-2.0
 *
 * Arenas and single pieces of memory: zeroed, aligned, apart from each other.
 */
#include "test.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/rng.h"

TEST(pieces_are_zeroed_aligned_and_apart)
{
    enum { N = 2000 };
    struct arena a;
    struct rng_seeded chance;
    unsigned char *pieces[N];
    size_t sizes[N];
    arena_init(&a);
    rng_seeded_init(&chance, 1);
    for (int i = 0; i < N; i++) {
        sizes[i] = rng_below(&chance.rng, i % 50 == 0 ? 200000 : 300);
        pieces[i] = arena_alloc(&a, sizes[i]);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            if (pieces[i][k] != 0) test_fail();
        memset(pieces[i], i & 0xFF, sizes[i]);
    }
    for (int i = 0; i < N; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            if (pieces[i][k] != (i & 0xFF)) test_fail();
    arena_release(&a);
    arena_release(&a);
}

TEST(clear_keeps_one_small_block_and_gives_zeroes_again)
{
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < 200; i++) memset(arena_alloc(&a, 1500), 0xFF, 1500);
    CHECK(a.total >= 300000);
    arena_clear(&a);
    CHECK(a.total > 0 && a.total <= 2048);
    size_t kept = a.total;
    unsigned char *p = arena_alloc(&a, 1500);
    for (int i = 0; i < 1500; i++)
        if (p[i] != 0) test_fail();
    CHECK_INT(a.total, kept);
    arena_release(&a);
    CHECK_INT(a.total, 0);
}

TEST(a_first_piece_too_big_for_a_block_is_not_kept)
{
    struct arena a;
    arena_init(&a);
    memset(arena_alloc(&a, 1000000), 1, 1000000);
    arena_clear(&a);
    CHECK_INT(a.total, 0);
    memset(arena_alloc(&a, 10), 1, 10);
    arena_release(&a);
}

TEST(a_big_piece_does_not_waste_the_open_block)
{
    struct arena a;
    arena_init(&a);
    char *first = arena_alloc(&a, 16);
    memset(arena_alloc(&a, 100000), 1, 100000);
    CHECK(arena_alloc(&a, 16) == first + 16);
    arena_release(&a);
}

TEST(small_pieces_cost_little_more_than_their_size)
{
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < 100000; i++) memset(arena_alloc(&a, 16), 1, 16);
    CHECK(a.total < 1600000 * 11 / 10);
    arena_release(&a);
}

TEST(texts_are_copies_with_a_nul)
{
    struct arena a;
    arena_init(&a);
    char from[] = "abc";
    struct str s = arena_str(&a, str_of(from));
    from[0] = 'x';
    CHECK_STR(s, "abc");
    CHECK_INT(s.p[3], 0);
    CHECK_STR(str_of(arena_text(&a, STR_NONE)), "");
    CHECK_STR(arena_format(&a, "%s/%d", "q", 5), "q/5");
    struct str wide = arena_format(&a, "%*d", 10000, 1);
    CHECK_INT(wide.len, 10000);
    CHECK_INT(wide.p[wide.len], 0);
    arena_release(&a);
}

TEST(single_pieces_are_zeroed_and_copies_their_own)
{
    unsigned char *p = mem_new(1000);
    for (int i = 0; i < 1000; i++)
        if (p[i] != 0) test_fail();
    p[999] = 7;
    p = mem_grow(p, 5000);
    CHECK_INT(p[999], 7);
    free(p);
    struct str s = mem_str(STR("a\0b"));
    CHECK_INT(s.len, 3);
    CHECK(memcmp(s.p, "a\0b", 4) == 0);
    free((char *)s.p);
    free(mem_grow(NULL, 0));
}

TEST(an_arena_that_adopts_holds_what_the_other_held)
{
    struct arena a, b;
    arena_init(&a);
    arena_init(&b);
    arena_adopt(&a, &b); /* nothing */
    CHECK_INT(a.total, 0);
    struct str small = arena_str(&b, STR("small")), big = {memset(arena_alloc(&b, 100000), 'x', 100000), 100000};
    size_t total = b.total;
    arena_adopt(&a, &b); /* into an empty one */
    CHECK_INT(a.total, total);
    CHECK_INT(b.total, 0);
    struct str other = arena_str(&b, STR("other"));
    arena_adopt(&b, &a);
    CHECK_INT(b.total, total + 2048);
    CHECK(a.head == NULL);
    CHECK_STR(arena_str(&b, STR("goes on")), "goes on");
    CHECK_STR(small, "small");
    CHECK_STR(other, "other");
    CHECK_INT(big.p[99999], 'x');
    arena_release(&a);
    arena_clear(&b);
    CHECK_INT(b.total, 2048);
    arena_release(&b);
}

TEST_MAIN
