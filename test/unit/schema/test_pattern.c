/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns as ECMA-262 means them, and what a hostile one may cost.
 */
#include "schema/pattern.h"
#include "test.h"

#include "base/limits.h"

static bool is_in(const char *pattern, const char *text)
{
    struct arena a;
    const struct pattern *p;
    struct steps steps = {LIMIT_SCHEMA_STEPS};
    struct err e;
    arena_init(&a);
    int err = pattern_compile(&p, &a, str_of(pattern), &e);
    if (err) fprintf(stderr, "%s: %s\n", pattern, e.text);
    bool found = !err && pattern_is_in(p, str_of(text), &steps);
    arena_release(&a);
    CHECK_INT(err, 0);
    CHECK(!steps_spent(&steps));
    return found;
}

static bool is_refused(const char *pattern)
{
    struct arena a;
    const struct pattern *p;
    struct err e = {0};
    arena_init(&a);
    int err = pattern_compile(&p, &a, str_of(pattern), &e);
    arena_release(&a);
    return err == ERR_INVALID && e.text[0];
}

TEST(patterns_mean_what_ecma_says)
{
    CHECK(is_in("b", "abc"));
    CHECK(is_in("^$", ""));
    CHECK(!is_in("^abc$", "abc\n"));
    CHECK(is_in("^\\v$", "\v"));
    CHECK(!is_in("^\\v$", "\n"));
    CHECK(is_in("^\\s$", "\xc2\xa0"));
    CHECK(is_in("^[\\s]$", "\xef\xbb\xbf"));
    CHECK(!is_in("\\S", " \xe2\x80\xa8\t"));
    CHECK(!is_in("^\\d$", "\xd9\xa3")); /* ARABIC-INDIC DIGIT THREE */
    CHECK(!is_in("^\\w$", "\xc3\xa9"));
    CHECK(is_in("^.$", "\xf0\x9f\x98\x80"));
    CHECK(is_in("^\\u00e9\\x41$", "\xc3\xa9\x41"));
    CHECK(is_in("^\\u{1F600}$", "\xf0\x9f\x98\x80"));
    CHECK(is_in("^[[:]+$", "[:["));
    CHECK(is_in("^[(*]\\(\\*$", "*(*"));
    CHECK(is_in("^(?<year>\\d{4})-(?=\\d)(?!00)\\d\\d(?<=[0-9])$", "2026-11"));
    CHECK(is_in("^\\p{L}+$", "\xc3\xa9t\xc3\xa9"));
    CHECK(is_in("^a\\++?$", "a+"));
    CHECK(!is_in("[]", "x"));
    CHECK(is_in("^(a)?\\1b$", "b"));
}

TEST(what_ecma_does_not_have_is_refused)
{
    static const char *const patterns[] = {"\\A",     "a\\Z",   "\\z",    "\\Qa\\E", "(?i)a",    "(?>a)",   "(*UTF)a", "(?R)",
                                           "(?P<a>)", "a++",    "a?+",    "(?C)",    "(?#c)",    "\\a",     "\\",      "[",
                                           "(",       "a{2,1}", "\\h",    "\\C",     "[\\S]",    "*a",      "(?|a|b)"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        if (!is_refused(patterns[i])) fprintf(stderr, "%s is not refused\n", patterns[i]);
        CHECK(is_refused(patterns[i]));
    }
}

static void check_bounded(const char *pattern, size_t len, char c)
{
    struct arena a;
    const struct pattern *p;
    struct steps steps = {LIMIT_SCHEMA_STEPS};
    arena_init(&a);
    CHECK_INT(pattern_compile(&p, &a, str_of(pattern), NULL), 0);
    char *text = arena_alloc(&a, len);
    memset(text, c, len);
    CHECK(!pattern_is_in(p, (struct str){text, len}, &steps));
    if (!steps_spent(&steps)) fprintf(stderr, "%s took %lld steps\n", pattern, (long long)(LIMIT_SCHEMA_STEPS - steps.left));
    CHECK(steps_spent(&steps));
    arena_release(&a);
}

TEST(a_pattern_that_explodes_spends_its_steps)
{
    check_bounded("^(a+)+[^a]", 40, 'a');
    check_bounded("(a|aa)+[^a]", 60, 'a');
    check_bounded("[a-z]+[0-9]", 1 << 20, 'a');
    check_bounded("(a*)*[^a]", 4096, 'a');
    check_bounded("(a?){30}a{30}[^a]", 40, 'a');
}

TEST_MAIN
