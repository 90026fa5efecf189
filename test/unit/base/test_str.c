/* SPDX-License-Identifier: Apache-2.0
 *
 * Borrowed runs of bytes.
 */
#include "test.h"

#include "base/str.h"

TEST(order_is_bytewise_and_a_prefix_comes_first)
{
    CHECK(str_cmp(STR("a"), STR("b")) < 0);
    CHECK(str_cmp(STR("a"), STR("aa")) < 0);
    CHECK(str_cmp(STR("\xff"), STR("a")) > 0);
    CHECK_INT(str_cmp(STR_NONE, STR("")), 0);
    CHECK(str_cmp(STR("a\0a"), STR("a\0b")) < 0);
}

TEST(nothing_equals_nothing)
{
    CHECK(str_eq(STR_NONE, STR("")));
    CHECK(!str_eq(STR("a"), STR("b")));
    CHECK(!str_eq(STR("a"), STR("ab")));
    CHECK(str_eq(str_of(NULL), STR("")));
}

TEST(case_is_ignored_for_ascii_letters_only)
{
    CHECK(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    CHECK(!str_eq_nocase(STR("[x"), STR("{x"))); /* they differ by 0x20, but are no letters */
    CHECK(!str_eq_nocase(STR("a"), STR("ab")));
}

TEST(starts_and_ends)
{
    CHECK(str_starts(STR("Bearer x"), STR("Bearer ")));
    CHECK(!str_starts(STR("Bea"), STR("Bearer ")));
    CHECK(str_starts(STR("x"), STR_NONE) && str_ends(STR_NONE, STR_NONE));
    CHECK(str_ends(STR("a.json"), STR(".json")));
    CHECK(!str_ends(STR("json"), STR(".json")));
}

TEST(sub_is_clamped)
{
    CHECK_STR(str_sub(STR("hello"), 1, 3), "ell");
    CHECK_STR(str_sub(STR("hello"), 3, SIZE_MAX), "lo");
    CHECK_STR(str_sub(STR("hello"), 9, 2), "");
    CHECK_INT(str_sub(STR_NONE, 1, 1).len, 0);
}

TEST(trim_takes_spaces_and_tabs)
{
    CHECK_STR(str_trim(STR(" \t a b\t ")), "a b");
    CHECK_STR(str_trim(STR("  \t")), "");
    CHECK_STR(str_trim(STR("\na")), "\na");
}

TEST(cut_walks_a_list)
{
    struct str s = STR("a,,bc");
    CHECK_INT(str_find(s, ','), 1);
    CHECK_INT(str_find(s, 'x'), 5);
    CHECK_STR(str_cut(&s, ','), "a");
    CHECK_STR(str_cut(&s, ','), "");
    CHECK_STR(str_cut(&s, ','), "bc");
    CHECK_INT(s.len, 0);
    CHECK_STR(str_cut(&s, ','), "");
}

TEST(copies_end_with_nul_and_tell_when_cut)
{
    char to[4] = "zzz";
    CHECK(str_copy(to, sizeof to, STR("abc")));
    CHECK_STR(str_of(to), "abc");
    CHECK(!str_copy(to, sizeof to, STR("wxyz")));
    CHECK_STR(str_of(to), "wxy");
    CHECK(!str_copy(to, 0, STR("")));
    CHECK_STR(str_of(to), "wxy");
    char *copy = str_dup(STR_NONE);
    CHECK(copy && copy[0] == '\0');
    free(copy);
}

TEST(hashes_of_close_keys_differ_in_their_low_bits)
{
    bool seen[4096] = {false};
    int distinct = 0;
    for (int i = 0; i < 1000; i++) {
        char key[24];
        snprintf(key, sizeof key, "user-%d", i);
        uint64_t low = str_hash(str_of(key)) & 4095;
        distinct += !seen[low];
        seen[low] = true;
    }
    CHECK(distinct > 800); /* chance gives 886 */
}

TEST_MAIN
