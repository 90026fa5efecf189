/* SPDX-License-Identifier: Apache-2.0
 *
 * What large and hostile texts cost: time linear in the text, memory bounded and given back, a limit on the number of
 * nodes, and next to none for what is closed.
 */
#include "test.h"

#include "base/json.h"
#include "base/limits.h"
#include <time.h>

static struct json j;
static struct err e;

static void add_keys(struct buf *b, int n, const char *format)
{
    buf_add_char(b, '{');
    for (int i = 0; i < n; i++) {
        if (i) buf_add_char(b, ',');
        buf_add_char(b, '"');
        buf_add_format(b, format, (unsigned)i);
        buf_add_text(b, "\":0");
    }
}

static int parse_keys(int n, const char *format, const char *last)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    add_keys(&b, n, format);
    buf_add_text(&b, last);
    int rc = buf_err(&b) ? buf_err(&b) : json_parse(&j, buf_str(&b), &e);
    buf_release(&b);
    return rc;
}

TEST(duplicates_are_found_among_any_number_of_keys)
{
    for (int n = 1; n < 100; n++) {
        CHECK_INT(parse_keys(n, "k%u", "}"), 0);
        CHECK_INT(parse_keys(n, "k%u", ",\"k0\":0}"), ERR_SYNTAX);
        CHECK_INT(parse_keys(n, "k%u", ",\"\\u006b0\":0}"), ERR_SYNTAX);
        CHECK_INT(parse_keys(n, "\\u006b%u", ",\"k0\":0}"), ERR_SYNTAX);
        CHECK_INT(parse_keys(n, "\\u006b%u", ",\"\\\\u006b0\":0}"), 0);
    }
}

static double seconds_of_parse(int n, const char *format)
{
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    int rc = parse_keys(n, format, "}");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    CHECK_INT(rc, 0);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Compared pair by pair these would take minutes; the bound is a hundred times what they take. */
TEST(half_a_million_keys_are_no_attack)
{
    CHECK(seconds_of_parse(500000, "k%u") < 20);
    CHECK(seconds_of_parse(500000, "\\u006b%u") < 20);
    CHECK(j.n == 500001);
}

TEST(duplicates_are_found_in_a_closed_value_of_any_size)
{
    j.closed = STR("k0");
    for (int n = 1; n < 100; n++) { /* {"k0":{...}}, and after it the root has its own keys */
        char last[100];
        struct buf b;
        buf_init(&b, 4096);
        for (int twice = 0; twice < 2; twice++) {
            buf_clear(&b);
            buf_add_text(&b, "{\"first\":0,\"k0\":");
            add_keys(&b, n, "k%u");
            snprintf(last, sizeof last, ",\"\\u006b%d\":0},\"k\":[],\"k1\":{\"k0\":1}}", twice ? n - 1 : n);
            buf_add_text(&b, last);
            int rc = json_parse(&j, buf_str(&b), &e);
            uint32_t nodes = j.n;
            if (twice) buf_release(&b);
            CHECK_INT(rc, twice ? ERR_SYNTAX : 0);
            CHECK_INT(nodes, twice ? 0 : 6);
        }
    }
    j.closed = STR_NONE;
}

TEST(a_huge_parse_is_not_kept_for_ever)
{
    j.envelope = 2;
    j.closed = STR("in");
    CHECK_INT(parse_keys(500000, "k%u", "}"), 0);
    CHECK(j.cap > 500000);
    CHECK_INT(json_parse(&j, STR("[1]"), &e), 0);
    CHECK(j.cap < 1000);
    CHECK_INT(j.envelope, 2); /* what was asked for holds */
    CHECK_STR(j.closed, "in");
    CHECK_INT(parse_keys(500000, "k%u", "}"), 0);
    json_trim(&j);
    CHECK_INT(j.cap, 0);
    CHECK_INT(j.envelope, 2);
    CHECK_STR(j.closed, "in");
    j.envelope = 0;
    j.closed = STR_NONE;
    CHECK_INT(parse_keys(500000, "k%u", ""), ERR_SYNTAX); /* refused: nothing is kept from the start */
    CHECK_INT(j.cap, 0);
}

/* [0,0,...] of n values, as it is or under the key "in". */
static int parse_zeros(int n, bool under_key)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    if (under_key) buf_add_text(&b, "{\"type\":\"x\",\"in\":");
    for (int i = 0; i < n; i++) buf_add_text(&b, i ? ",0" : "[0");
    buf_add_text(&b, under_key ? "]}" : "]");
    int rc = buf_err(&b) ? buf_err(&b) : json_parse(&j, buf_str(&b), &e);
    buf_release(&b);
    return rc;
}

TEST(the_number_of_values_is_limited_but_not_of_those_closed)
{
    CHECK_INT(parse_zeros(LIMIT_JSON_NODES - 1, false), 0);
    CHECK_INT(j.n, LIMIT_JSON_NODES);
    CHECK_INT(parse_zeros(LIMIT_JSON_NODES, false), ERR_TOO_BIG);
    CHECK_STR(str_of(e.text), "more than 1000000 values");
    CHECK(json_root(&j) == NULL);
    CHECK_INT(j.cap, 0);
    CHECK_INT(parse_zeros(LIMIT_JSON_NODES - 3, true), 0);
    CHECK_INT(parse_zeros(LIMIT_JSON_NODES - 2, true), ERR_TOO_BIG);
    j.closed = STR("in");
    int rc = parse_zeros(8 << 20, true);
    j.closed = STR_NONE;
    CHECK_INT(rc, 0);
    CHECK_INT(j.n, 3);
    CHECK(j.cap < 100);
    j.root_only = true;
    rc = parse_zeros(8 << 20, false);
    j.root_only = false;
    CHECK_INT(rc, 0);
    CHECK_INT(j.n, 1);
    CHECK(j.cap < 100);
}

TEST(a_text_of_4_gib_is_refused_without_being_read)
{
    CHECK_INT(json_parse(&j, (struct str){"x", UINT32_MAX}, &e), ERR_TOO_BIG);
    CHECK_INT(json_parse(&j, (struct str){"x", SIZE_MAX}, &e), ERR_TOO_BIG);
}

TEST(long_strings_with_escapes_are_fine)
{
    struct buf b, back;
    enum { N = 1000000 };
    buf_init(&b, 64 << 20);
    buf_init(&back, 64 << 20);
    buf_add_char(&b, '"');
    for (int i = 0; i < N; i++) buf_add_text(&b, "a\\n");
    buf_add_char(&b, '"');
    int rc = json_parse(&j, buf_str(&b), &e);
    struct str s = rc ? STR_NONE : json_string(&j, json_root(&j), &back);
    bool same = s.len == 2 * N && s.p[0] == 'a' && s.p[2 * N - 1] == '\n';
    buf_release(&b);
    buf_release(&back);
    CHECK(same);
    json_release(&j);
}

TEST_MAIN
