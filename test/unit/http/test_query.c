/* SPDX-License-Identifier: Apache-2.0
 *
 * Percent-decoding and query strings.
 */
#include "http/query.h"
#include "test/test.h"

static const struct {
    const char *in;
    bool plus;
    const char *out; /* NULL: refused */
} rows[] = {
    {"", false, ""},
    {"abc", false, "abc"},
    {"a%20b", false, "a b"},
    {"a+b", true, "a b"},
    {"a+b", false, "a+b"},
    {"%2b%2B", true, "++"},
    {"%E2%82%AC", false, "\xE2\x82\xAC"},
    {"%c3%a9", false, "\xC3\xA9"},
    {"%", false, NULL},
    {"%4", false, NULL},
    {"%4g", false, NULL},
    {"%g4", false, NULL},
    {"a%00", false, NULL},
    {"%C3", false, NULL},
    {"%C0%80", false, NULL},
    {"%ED%A0%80", false, NULL},
    {"%FF", false, NULL},
    {"%%41", false, NULL},
};

TEST(percent_encoding_decodes_to_utf8_or_is_refused)
{
    struct arena a;
    arena_init(&a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str out = STR_NONE;
        int rc = query_decode(&a, str_of(rows[i].in), rows[i].plus, &out);
        CHECK_INT(rc, rows[i].out ? 0 : ERR_INVALID);
        if (rc == 0) CHECK_STR(out, rows[i].out);
    }
    arena_release(&a);
}

TEST(a_query_is_pairs_in_order_and_the_first_of_a_name_counts)
{
    struct arena a;
    struct query q;
    struct err e;
    arena_init(&a);
    CHECK_INT(query_parse(&a, STR("a=1&b=x%20y+z&&a=2&flag&e=&=v&c=d=e"), &q, &e), 0);
    CHECK_INT(q.n, 7);
    CHECK_STR(query_get(&q, "a"), "1");
    CHECK_STR(query_get(&q, "b"), "x y z");
    CHECK_STR(query_get(&q, "flag"), "");
    CHECK(query_get(&q, "flag").p != NULL);
    CHECK_STR(query_get(&q, "c"), "d=e");
    CHECK(query_get(&q, "none").p == NULL);
    CHECK_STR(q.pairs[2].value, "2");
    CHECK_INT(query_parse(&a, STR(""), &q, &e), 0);
    CHECK_INT(q.n, 0);
    CHECK(query_get(&q, "a").p == NULL);
    arena_release(&a);
}

TEST(a_query_with_a_bad_escape_or_too_many_pairs_is_refused_with_its_reason)
{
    struct arena a;
    struct query q;
    struct err e = {0};
    char many[200] = "";
    arena_init(&a);
    CHECK_INT(query_parse(&a, STR("ok=1&bad=%zz"), &q, &e), ERR_INVALID);
    CHECK(strstr(e.text, "\"bad\"") != NULL);
    for (int i = 0; i < 64; i++) memcpy(many + 2 * i, "a&", 3);
    CHECK_INT(query_parse(&a, str_of(many), &q, &e), 0);
    CHECK_INT(q.n, 64);
    memcpy(many + 128, "a", 2);
    CHECK_INT(query_parse(&a, str_of(many), &q, &e), ERR_INVALID);
    arena_release(&a);
}

TEST_MAIN
