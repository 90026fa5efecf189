/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbered pieces of text: from any of them on, each once, and never more than is kept.
 */
#include "base/rng.h"
#include "task/pieces.h"
#include "test.h"

#include <string.h>

static struct arena arena;

static void check(const struct pieces *p, int64_t from, const char *wanted, int64_t next)
{
    int64_t seen;
    struct str text = pieces_text(buf_str(&p->packed), from, &arena, &seen);
    if (*wanted) CHECK_STR(text, wanted);
    else CHECK_INT(text.len, 0);
    CHECK_INT(seen, next);
}

TEST(they_are_joined_from_any_number_on)
{
    struct pieces p;
    pieces_init(&p);
    check(&p, 0, "", 0);
    CHECK_INT(pieces_add(&p, 0, STR("one ")), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, -1, STR("two ")), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, 2, STR_NONE), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, 3, STR("drei \xc3\xa4")), PIECES_TAKEN);
    check(&p, 0, "one two drei \xc3\xa4", 4);
    check(&p, 1, "two drei \xc3\xa4", 4);
    check(&p, 3, "drei \xc3\xa4", 4);
    check(&p, 4, "", 4);
    check(&p, PIECES_LAST, "", 4);
    arena_clear(&arena);
    pieces_release(&p);
}

TEST(one_that_came_before_is_not_taken_again_and_numbers_may_be_missing)
{
    struct pieces p;
    pieces_init(&p);
    CHECK_INT(pieces_add(&p, 17, STR("a")), PIECES_TAKEN); /* a puller's, after a restart of the server */
    CHECK_INT(pieces_add(&p, 17, STR("again")), PIECES_REPEATED);
    CHECK_INT(pieces_add(&p, 0, STR("late")), PIECES_REPEATED);
    CHECK_INT(pieces_add(&p, 300, STR("b")), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, PIECES_LAST, STR("c")), PIECES_TAKEN);
    check(&p, 0, "abc", PIECES_LAST + 1);
    check(&p, 18, "bc", PIECES_LAST + 1);
    check(&p, 301, "c", PIECES_LAST + 1);
    CHECK_INT(pieces_add(&p, PIECES_LAST, STR("d")), PIECES_REPEATED);
    arena_clear(&arena);
    pieces_release(&p);
}

TEST(the_beginning_is_kept_and_nothing_after_the_first_that_does_not_fit)
{
    static char large[LIMIT_OUTPUT];
    memset(large, 'x', sizeof large);
    struct pieces p;
    pieces_init(&p);
    CHECK_INT(pieces_add(&p, 0, STR("a")), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, 1, (struct str){large, sizeof large}), PIECES_FULL);
    CHECK_INT(pieces_add(&p, 2, STR("b")), PIECES_LEFT_OUT);
    CHECK_INT(pieces_add(&p, 0, STR("a")), PIECES_REPEATED);
    check(&p, 0, "a", 1);
    pieces_release(&p);
    pieces_init(&p);
    CHECK_INT(pieces_add(&p, 0, (struct str){large, sizeof large - 4}), PIECES_TAKEN); /* to the last byte */
    CHECK_INT(p.packed.len, LIMIT_OUTPUT);
    CHECK_INT(pieces_add(&p, 1, STR_NONE), PIECES_FULL);
    CHECK_INT(buf_err(&p.packed), 0);
    arena_clear(&arena);
    pieces_release(&p);
}

TEST(they_are_read_on_from_where_somebody_was_a_bound_of_bytes_at_a_time)
{
    struct pieces p;
    struct arena a = {0};
    struct pieces_place place = {0};
    pieces_init(&p);
    static const char *const texts[] = {"one ", "two ", "", "three ", "four "};
    for (int n = 0; n < 5; n++) CHECK_INT(pieces_add(&p, n + (n > 2), str_of(texts[n])), PIECES_TAKEN); /* 3 is missing */
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 0, 5, &a), "one two "); /* whole ones, until it is enough */
    CHECK_INT(place.number, 2);
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 0, 1, &a), "three ");
    CHECK_INT(place.number, 5);
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 0, 100, &a), "four ");
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 0, 100, &a), "");
    CHECK_INT(place.offset, p.packed.len);
    CHECK_INT(pieces_add(&p, 6, STR("five")), PIECES_TAKEN);
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 0, 100, &a), "five");
    CHECK_INT(place.number, 7);
    place = (struct pieces_place){0};
    CHECK_STR(pieces_read(buf_str(&p.packed), &place, 4, 1, &a), "three "); /* those before `from` count for nothing */
    arena_release(&a);
    pieces_release(&p);
}

TEST(what_is_cut_or_junk_is_read_up_to_where_it_makes_sense)
{
    struct pieces p;
    int64_t next;
    pieces_init(&p);
    CHECK_INT(pieces_add(&p, 0, STR("whole")), PIECES_TAKEN);
    CHECK_INT(pieces_add(&p, 1, STR("of this a part")), PIECES_TAKEN);
    struct str all = buf_str(&p.packed);
    for (size_t cut = 0; cut < all.len; cut++) {
        struct str text = pieces_text(str_sub(all, 0, cut), 0, &arena, &next);
        CHECK_INT(next, cut >= 7);
        CHECK_INT(text.len, cut >= 7 ? 5 : 0);
    }
    struct str junk = pieces_text(STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), 0, &arena, &next);
    CHECK(junk.len == 0 && next == 0);
    arena_clear(&arena);
    pieces_release(&p);
}

TEST(any_pieces_come_back_as_they_were)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 7);
    for (int round = 0; round < 200; round++) {
        struct pieces p;
        struct buf tail;
        pieces_init(&p);
        buf_init(&tail, 1 << 20);
        int64_t number = 0, from = (int64_t)rng_below(&r.rng, 400);
        for (int i = 0; i < 40; i++) {
            char text[300];
            size_t len = rng_below(&r.rng, sizeof text);
            memset(text, 'a' + i % 26, len);
            number += rng_below(&r.rng, 4) ? 0 : (int64_t)rng_below(&r.rng, 200);
            CHECK_INT(pieces_add(&p, number, (struct str){text, len}), PIECES_TAKEN);
            if (number++ >= from) buf_add(&tail, text, len);
        }
        int64_t next;
        struct str text = pieces_text(buf_str(&p.packed), from, &arena, &next);
        CHECK(str_eq(text, buf_str(&tail)));
        CHECK_INT(next, number);
        buf_release(&tail);
        pieces_release(&p);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

TEST_MAIN
