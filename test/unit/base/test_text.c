/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that people write: UTF-8, names, near misses, numbers, durations, sizes. (Times are in test_text_time.c.)
 */
#include "test.h"

#include "base/limits.h"
#include "base/rng.h"
#include "base/text.h"
#include <locale.h>
#include <math.h>

static const struct {
    struct str text;
    size_t bad_at; /* SIZE_MAX: none */
} utf8[] = {
    {STR(""), SIZE_MAX},
    {STR("plain ascii, long enough for the fast way"), SIZE_MAX},
    {STR("a\0b"), SIZE_MAX},
    {STR("\x7f"), SIZE_MAX},
    {STR("\xC2\x80"), SIZE_MAX},
    {STR("\xDF\xBF"), SIZE_MAX},
    {STR("\xE0\xA0\x80"), SIZE_MAX},
    {STR("\xED\x9F\xBF"), SIZE_MAX},     /* U+D7FF */
    {STR("\xEE\x80\x80"), SIZE_MAX},     /* U+E000 */
    {STR("\xEF\xBF\xBF"), SIZE_MAX},     /* U+FFFF, a noncharacter, is well-formed */
    {STR("\xF0\x90\x80\x80"), SIZE_MAX}, /* U+10000 */
    {STR("\xF4\x8F\xBF\xBF"), SIZE_MAX}, /* U+10FFFF */
    {STR("\x80"), 0},                    /* continuation alone */
    {STR("\xBF"), 0},
    {STR("\xC0\x80"), 0}, /* overlong NUL */
    {STR("\xC1\xBF"), 0},
    {STR("\xE0\x80\x80"), 0}, /* overlong */
    {STR("\xE0\x9F\xBF"), 0},
    {STR("\xF0\x80\x80\x80"), 0},
    {STR("\xF0\x8F\xBF\xBF"), 0},
    {STR("\xED\xA0\x80"), 0},     /* U+D800 */
    {STR("\xED\xBF\xBF"), 0},     /* U+DFFF */
    {STR("\xF4\x90\x80\x80"), 0}, /* U+110000 */
    {STR("\xF5\x80\x80\x80"), 0},
    {STR("\xF8\x88\x80\x80\x80"), 0}, /* five bytes */
    {STR("\xFE"), 0},
    {STR("\xFF"), 0},
    {STR("ab\xC3"), 2}, /* cut short */
    {STR("ab\xE2\x82"), 2},
    {STR("ab\xF0\x9F\x8E"), 2},
    {STR("ab\xC3("), 2},
    {STR("ab\xE2(\xAC"), 2},
    {STR("ab\xE2\x82("), 2},
    {STR("ab\xF0\x9F\x8E("), 2},
    {STR("12345678\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8E\xA7\xFF"), 17},
    {STR("1234567\xC3\xA9"
         "1234567\x80"),
     16},
};

TEST(utf8_is_checked_as_rfc_3629_says)
{
    for (size_t i = 0; i < sizeof utf8 / sizeof utf8[0]; i++) {
        size_t wanted = utf8[i].bad_at == SIZE_MAX ? utf8[i].text.len : utf8[i].bad_at;
        size_t seen = text_utf8_valid(utf8[i].text);
        if (seen != wanted) fprintf(stderr, "row %zu\n", i);
        CHECK_INT(seen, wanted);
    }
}

TEST(names_are_checked)
{
    char longest[LIMIT_NAME + 1];
    memset(longest, 'n', sizeof longest);
    CHECK(text_is_name(STR("speech/whisper-large.v3:fr_FR")));
    CHECK(text_is_name((struct str){longest, LIMIT_NAME}));
    CHECK(!text_is_name((struct str){longest, LIMIT_NAME + 1}));
    CHECK(!text_is_name(STR("")));
    CHECK(!text_is_name(STR("a b")));
    CHECK(!text_is_name(STR("caf\xC3\xA9")));
    CHECK(!text_is_name(STR("a\0b")));
}

TEST(a_slip_finds_the_name_that_was_meant)
{
    static const char *const names[] = {"priority", "queue", "max_attempts", "timeout", "type", "input", NULL};
    CHECK_STR(str_of(text_nearest(STR("prioirty"), names)), "priority"); /* neighbours swapped: one edit */
    CHECK_STR(str_of(text_nearest(STR("qeue"), names)), "queue");
    CHECK_STR(str_of(text_nearest(STR("maxattempts"), names)), "max_attempts");
    CHECK_STR(str_of(text_nearest(STR("max-atempt"), names)), "max_attempts");
    CHECK_STR(str_of(text_nearest(STR("typ"), names)), "type");
    CHECK_STR(str_of(text_nearest(STR("type"), names)), "type");
    CHECK(text_nearest(STR("ty"), names) == NULL); /* two letters are no word to guess from */
    CHECK(text_nearest(STR("tip"), names) == NULL);
    CHECK(text_nearest(STR("colour"), names) == NULL);
    CHECK(text_nearest(STR("pr1or1t1e"), names) == NULL); /* four edits */
    CHECK(text_nearest(STR_NONE, names) == NULL);
}

TEST(a_word_of_any_length_is_compared_without_harm)
{
    static char word[100000];
    static char name[68];
    const char *names[] = {name, NULL};
    memset(word, 'w', sizeof word);
    memset(name, 'w', sizeof name - 1);
    CHECK(text_nearest((struct str){word, sizeof word}, names) == NULL);
    CHECK(text_nearest((struct str){word, 64}, names) == name); /* 67 letters, three more */
    CHECK(text_nearest((struct str){word, 63}, names) == NULL);
}

TEST(integers_are_read_whole_or_not_at_all)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999",
                                      "--1"};
    int64_t v = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK_INT(text_int(&v, str_of(bad[i])), ERR_INVALID);
    CHECK_INT(v, 77);
    CHECK_INT(text_int(&v, STR("9223372036854775807")), 0);
    CHECK_INT(v, INT64_MAX);
    CHECK_INT(text_int(&v, STR("-9223372036854775808")), 0);
    CHECK_INT(v, INT64_MIN);
    CHECK_INT(text_int(&v, STR("-0")), 0);
    CHECK_INT(v, 0);
}

TEST(doubles_read_back_in_their_shortest_form)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {{0, "0"},        {-0.0, "-0"},       {0.1, "0.1"},
                 {1, "1"},        {0.3, "0.3"},       {0.1 + 0.2, "0.30000000000000004"},
                 {1e22, "1e+22"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {-2.5, "-2.5"},  {1e300, "1e+300"}};
    char text[TEXT_DOUBLE];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        text_format_double(known[i].value, text);
        CHECK_STR(str_of(text), known[i].text);
    }
    struct rng_seeded chance;
    rng_seeded_init(&chance, 9);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&chance.rng);
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        text_format_double(value, text);
        CHECK_INT(text_double(&back, str_of(text)), 0);
        CHECK(memcmp(&value, &back, sizeof value) == 0);
    }
    text_format_double(NAN, text);
    CHECK_STR(str_of(text), "");
}

TEST(what_only_strtod_takes_for_a_number_is_refused)
{
    static const char *const bad[] = {"",   "inf", "nan",   "0x1p3",  " 1",  "1 ",
                                      "1e", "1,5", "1e400", "-1e400", "--1", "1.2.3"};
    double v = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK_INT(text_double(&v, str_of(bad[i])), ERR_INVALID);
    CHECK(v == 7);
    CHECK_INT(text_double(&v, STR("1e-400")), 0);
    CHECK(v == 0);
    char digits[300];
    memset(digits, '1', sizeof digits);
    CHECK_INT(text_double(&v, (struct str){digits, sizeof digits}), 0);
    CHECK(v > 1e299);
}

TEST(a_locale_with_a_decimal_comma_changes_nothing)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    char text[TEXT_DOUBLE];
    double v;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) setlocale(LC_ALL, names[i]); /* those installed */
    text_format_double(2.5, text);
    int rc = text_double(&v, STR("2.5"));
    setlocale(LC_ALL, "C");
    CHECK_STR(str_of(text), "2.5");
    CHECK_INT(rc, 0);
    CHECK(v == 2.5);
}

TEST(durations_are_read)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},
                {"90s", 90000},
                {"1h30m", 5400000},
                {"250ms", 250},
                {"7d", 604800000},
                {"2w", 1209600000},
                {"1w2d3h4m5s6ms", 788645006},
                {"0s", 0},
                {"90m", 5400000},
                {"1m1ms", 60001},
                {"9223372036854775807ms", INT64_MAX}};
    int64_t ms;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(text_duration(&ms, str_of(good[i].text), NULL), 0);
        CHECK_INT(ms, good[i].ms);
    }
}

TEST(durations_that_could_be_misread_are_refused)
{
    static const char *const bad[] = {"",
                                      "90",
                                      "s",
                                      "1.5h",
                                      "-1s",
                                      "1s1h",
                                      "1s1s",
                                      "1h 30m",
                                      " 1h",
                                      "1h ",
                                      "1H",
                                      "1sec",
                                      "1h30",
                                      "00",
                                      "9223372036854775808ms",
                                      "9223372036854775807s",
                                      "15250284452w4d"};
    int64_t ms = 7;
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(text_duration(&ms, str_of(bad[i]), &e), ERR_INVALID);
        CHECK_INT(e.code, ERR_INVALID);
    }
    CHECK_INT(text_duration(&ms, STR_NONE, &e), ERR_INVALID);
    CHECK_INT(ms, 7);
    CHECK_INT(text_duration(&ms, STR("90"), &e), ERR_INVALID);
    CHECK(strstr(e.text, "without a unit") != NULL);
}

static void check_round_trip(int64_t ms)
{
    struct buf b;
    int64_t back;
    buf_init(&b, 100);
    text_add_duration(&b, ms);
    CHECK_INT(text_duration(&back, buf_str(&b), NULL), 0);
    buf_release(&b);
    CHECK_INT(back, ms);
}

TEST(durations_written_read_back)
{
    struct rng_seeded chance;
    rng_seeded_init(&chance, 4);
    for (int64_t ms = 0; ms < 3000; ms++) check_round_trip(ms);
    for (int i = 0; i < 20000; i++)
        check_round_trip((int64_t)(rng_next(&chance.rng) >> (1 + rng_below(&chance.rng, 62))));
    check_round_trip(INT64_MAX);
}

TEST(durations_are_written_as_people_would)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0"},          {5400000, "1h30m"}, {250, "250ms"}, {1500, "1s500ms"},
                {604800000, "1w"}, {864000000, "10d"}, {60000, "1m"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        buf_init(&b, 100);
        text_add_duration(&b, rows[i].ms);
        bool same = str_eq(buf_str(&b), str_of(rows[i].text));
        buf_release(&b);
        CHECK(same);
    }
}

TEST(sizes_need_one_unit)
{
    static const char *const bad[] = {
        "", "64", "64k", "64KB", "64KiB", "1G1M", "-1K", "1.5G", "K", "8388608T", "9223372036854775808B"};
    int64_t bytes = 7;
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(text_size(&bytes, str_of(bad[i]), &e), ERR_INVALID);
    CHECK_INT(bytes, 7);
    CHECK_INT(text_size(&bytes, STR("64K"), &e), 0);
    CHECK_INT(bytes, 65536);
    CHECK_INT(text_size(&bytes, STR("4G"), &e), 0);
    CHECK_INT(bytes, 4294967296);
    CHECK_INT(text_size(&bytes, STR("100B"), &e), 0);
    CHECK_INT(bytes, 100);
    CHECK_INT(text_size(&bytes, STR("8388607T"), &e), 0);
    CHECK_INT(bytes, 8388607 * (INT64_C(1) << 40));
    CHECK_INT(text_size(&bytes, STR("0"), &e), 0);
    CHECK_INT(bytes, 0);
}

TEST_MAIN
