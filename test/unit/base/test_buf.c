/* SPDX-License-Identifier: Apache-2.0
 *
 * Buffers: the maximum holds, an add is whole or not at all, an error stays until buf_clear.
 */
#include "test.h"

#include "base/buf.h"

TEST(adds_follow_each_other_and_a_nul_follows_them)
{
    struct buf b;
    buf_init(&b, 1000);
    CHECK_INT(buf_str(&b).len, 0);
    buf_add(&b, "ab", 2);
    buf_add_char(&b, 'c');
    buf_add_text(&b, "de");
    buf_add_str(&b, STR("f"));
    buf_add_str(&b, STR_NONE);
    buf_add_format(&b, "%d-%s", 42, "x");
    CHECK_STR(buf_str(&b), "abcdef42-x");
    CHECK_INT(b.p[b.len], 0);
    CHECK_INT(buf_err(&b), 0);
    buf_release(&b);
    CHECK(b.p == NULL && b.len == 0 && b.cap == 0);
    buf_release(&b);
}

TEST(the_maximum_may_be_reached_and_not_passed)
{
    struct buf b;
    buf_init(&b, 10);
    buf_add(&b, "0123456789", 10);
    CHECK_INT(buf_err(&b), 0);
    CHECK_INT(b.cap, 11);
    buf_add_char(&b, 'x');
    CHECK_INT(buf_err(&b), ERR_TOO_BIG);
    CHECK_STR(buf_str(&b), "0123456789");
    buf_release(&b);
}

TEST(an_error_stays_and_later_adds_do_nothing)
{
    struct buf b;
    buf_init(&b, 4);
    buf_add_text(&b, "ab");
    buf_add_text(&b, "too long");
    buf_add_text(&b, "c");
    buf_add_format(&b, "c");
    CHECK(buf_room(&b, 1) == NULL);
    CHECK_STR(buf_str(&b), "ab");
    CHECK_INT(buf_err(&b), ERR_TOO_BIG);
    buf_clear(&b);
    CHECK_INT(buf_err(&b), 0);
    buf_add_text(&b, "abcd");
    CHECK_STR(buf_str(&b), "abcd");
    buf_release(&b);
}

TEST(a_format_over_the_maximum_leaves_nothing_behind)
{
    struct buf b;
    buf_init(&b, 100);
    buf_add_text(&b, "keep");
    buf_add_format(&b, "%0*d", 97, 7);
    CHECK_INT(buf_err(&b), ERR_TOO_BIG);
    CHECK_STR(buf_str(&b), "keep");
    CHECK_INT(b.p[b.len], 0);
    buf_clear(&b);
    buf_add_text(&b, "keep");
    buf_add_format(&b, "%0*d", 96, 7);
    CHECK_INT(buf_err(&b), 0);
    CHECK_INT(b.len, 100);
    buf_release(&b);
}

TEST(an_absurd_length_does_not_wrap)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_add_text(&b, "x");
    CHECK(buf_room(&b, SIZE_MAX) == NULL);
    CHECK_INT(buf_err(&b), ERR_TOO_BIG);
    CHECK_STR(buf_str(&b), "x");
    buf_release(&b);
}

TEST(a_maximum_of_nothing_takes_nothing)
{
    struct buf b;
    buf_init(&b, 0);
    buf_add_text(&b, "");
    CHECK_INT(buf_err(&b), 0);
    buf_add_char(&b, 'x');
    CHECK_INT(buf_err(&b), ERR_TOO_BIG);
    buf_release(&b);
}

TEST(room_is_written_to_and_then_counted)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_add_text(&b, "<");
    char *to = buf_room(&b, 500);
    CHECK(to != NULL);
    memset(to, 'r', 500);
    buf_wrote(&b, 3);
    CHECK_STR(buf_str(&b), "<rrr");
    CHECK_INT(b.p[b.len], 0);
    buf_release(&b);
}

TEST(drop_takes_from_the_front)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_drop(&b, 5);
    buf_add_text(&b, "hello world");
    buf_drop(&b, 6);
    CHECK_STR(buf_str(&b), "world");
    buf_drop(&b, 100);
    CHECK_INT(b.len, 0);
    CHECK_INT(b.p[0], 0);
    buf_release(&b);
}

TEST(take_gives_the_bytes_away)
{
    struct buf b;
    buf_init(&b, 1000);
    buf_add_text(&b, "mine");
    struct str s = buf_take(&b);
    CHECK_STR(s, "mine");
    CHECK(b.p == NULL && b.len == 0);
    buf_add_text(&b, "next");
    CHECK_STR(buf_str(&b), "next");
    free((char *)s.p);
    buf_release(&b);
}

TEST(growth_is_by_doubling)
{
    struct buf b;
    size_t moves = 0, cap = 0;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1 << 20; i++) {
        buf_add_char(&b, (char)i);
        moves += b.cap != cap;
        cap = b.cap;
    }
    CHECK_INT(buf_err(&b), 0);
    CHECK(moves < 20);
    for (int i = 0; i < 1 << 20; i++)
        if (b.p[i] != (char)i) test_fail();
    buf_release(&b);
}

TEST_MAIN
