/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as RFC 3339 writes them, against known values and against the C library's calendar.
 */
#include "test.h"

#include "base/rng.h"
#include "base/text.h"
#include <time.h>

static const struct {
    const char *text;
    int64_t ms;
} good[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"1969-12-31T23:59:59.999Z", -1},
    {"2000-02-29T12:00:00Z", 951825600000},
    {"2024-02-29T23:59:59.5Z", 1709251199500},
    {"2024-03-01T00:00:00Z", 1709251200000},
    {"2100-03-01T00:00:00Z", 4107542400000},
    {"0000-01-01T00:00:00Z", -62167219200000},
    {"0000-02-29T00:00:00Z", -62162121600000},
    {"9999-12-31T23:59:59.999Z", 253402300799999},
    {"1985-04-12T23:20:50.52Z", 482196050520},         /* RFC 3339 section 5.8 */
    {"1996-12-19T16:39:57-08:00", 851042397000},       /* RFC 3339 section 5.8 */
    {"1990-12-31T23:59:60Z", 662688000000},            /* RFC 3339 section 5.8: a leap second */
    {"1990-12-31T15:59:60-08:00", 662688000000},       /* RFC 3339 section 5.8 */
    {"1937-01-01T12:00:27.87+00:20", -1041337172130},  /* RFC 3339 section 5.8 */
    {"2026-11-21t20:00:00.123456789z", 1795291200123}, /* letters in either case, digits cut off */
    {"2026-11-21T20:00:00.1239999Z", 1795291200123},
    {"2026-11-21T20:00:00-00:00", 1795291200000},
    {"2026-11-22T01:30:00+05:30", 1795291200000},
    {"2026-11-21T00:00:00+23:59", 1795132860000},
};

TEST(known_times_are_read)
{
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = 7;
        if (text_time(&ms, str_of(good[i].text))) fprintf(stderr, "refused %s\n", good[i].text);
        if (ms != good[i].ms) fprintf(stderr, "row %s\n", good[i].text);
        CHECK_INT(ms, good[i].ms);
    }
}

TEST(what_is_no_time_is_refused)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-21",
        "2026-11-21T20:00Z",
        "2026-11-21T20:00:00",
        "2026-11-21 20:00:00Z",
        "2026-11-21T20:00:00.Z",
        "2026-11-21T20:00:00.1234567890Z",
        "2026-11-21T20:00:00,5Z",
        "2026-00-21T20:00:00Z",
        "2026-13-21T20:00:00Z",
        "2026-11-00T20:00:00Z",
        "2026-11-31T20:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T20:60:00Z",
        "2026-11-21T20:00:61Z",
        "2026-11-21T20:00:60Z",
        "2026-11-21T23:59:60+01:00",
        "2026-11-21T20:00:00+0100",
        "2026-11-21T20:00:00+01",
        "2026-11-21T20:00:00+24:00",
        "2026-11-21T20:00:00+01:60",
        "2026-11-21T20:00:00Zx",
        " 2026-11-21T20:00:00Z",
        "2026-11-21T20:00:00Z ",
        "26-11-21T20:00:00Z",
        "+2026-11-21T20:00:00Z",
        "2026-1-21T20:00:00Z",
        "2026-11-21T2:00:00Z",
        "2026-11-21T-1:00:00Z",
        "20261121T200000Z",
    };
    int64_t ms = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (!text_time(&ms, str_of(bad[i]))) fprintf(stderr, "accepted %s\n", bad[i]);
        CHECK_INT(ms, 7);
    }
    CHECK_INT(text_time(&ms, STR_NONE), ERR_INVALID);
}

TEST(times_are_written_in_utc_with_milliseconds)
{
    char text[TEXT_TIME];
    text_format_time(0, text);
    CHECK_STR(str_of(text), "1970-01-01T00:00:00.000Z");
    text_format_time(-1, text);
    CHECK_STR(str_of(text), "1969-12-31T23:59:59.999Z");
    text_format_time(1795291200123, text);
    CHECK_STR(str_of(text), "2026-11-21T20:00:00.123Z");
    text_format_time(-62167219200000, text);
    CHECK_STR(str_of(text), "0000-01-01T00:00:00.000Z");
}

TEST(times_that_four_digits_cannot_say_are_clamped)
{
    char text[TEXT_TIME];
    text_format_time(INT64_MAX, text);
    CHECK_STR(str_of(text), "9999-12-31T23:59:59.999Z");
    text_format_time(INT64_MIN, text);
    CHECK_STR(str_of(text), "0000-01-01T00:00:00.000Z");
}

static void check_as_gmtime(int64_t seconds)
{
    char text[TEXT_TIME], wanted[64];
    struct tm tm;
    time_t t = (time_t)seconds;
    int64_t back;
    CHECK(gmtime_r(&t, &tm) != NULL);
    CHECK(strftime(wanted, sizeof wanted, "-%m-%dT%H:%M:%S.000Z", &tm) > 0);
    text_format_time(seconds * 1000, text);
    CHECK_STR(str_sub(str_of(text), 4, 30), wanted);
    CHECK_INT(strtol(text, NULL, 10), tm.tm_year + 1900);
    CHECK_INT(text_time(&back, str_of(text)), 0);
    CHECK_INT(back, seconds * 1000);
}

TEST(every_day_of_ten_thousand_years_agrees_with_the_c_library)
{
    for (int64_t day = -719528; day <= 2932896; day += 7) check_as_gmtime(day * 86400);
    for (int64_t day = -25567; day <= 84005; day++) check_as_gmtime(day * 86400 + 86399); /* 1900 to 2200 */
}

TEST_MAIN
