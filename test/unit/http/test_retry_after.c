/* SPDX-License-Identifier: Apache-2.0
 *
 * Retry-After in its forms. Now is 2026-11-23T05:00:00Z.
 */
#include "http/retry_after.h"
#include "base/limits.h"
#include "base/text.h"
#include "test.h"

static int64_t after(const char *text)
{
    int64_t now_ms;
    CHECK_INT(text_time(&now_ms, STR("2026-11-23T05:00:00Z")), 0);
    return retry_after_ms(str_of(text), now_ms);
}

TEST(seconds_are_seconds)
{
    CHECK_INT(after("120"), 120000);
    CHECK_INT(after("0"), 0);
}

TEST(a_date_may_have_each_of_the_three_forms)
{
    CHECK_INT(after("Mon, 23 Nov 2026 05:02:00 GMT"), 120000);
    CHECK_INT(after("Monday, 23-Nov-26 05:02:00 GMT"), 120000);
    CHECK_INT(after("Mon Nov 23 05:02:00 2026"), 120000);
    CHECK_INT(after("Tue Dec  1 05:00:00 2026"), LIMIT_RETRY_AFTER_MS);
}

TEST(what_is_past_or_makes_no_sense_is_nothing)
{
    const char *const texts[] = {"", "Mon, 23 Nov 2026 04:00:00 GMT", "soon", "-5", "1.5", "120 s", "Mon, 23 Nov 2026 05:02:00 CET", "12x"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) CHECK_INT(after(texts[i]), 0);
}

TEST(nobody_can_put_it_off_for_longer_than_the_limit)
{
    CHECK_INT(after("86400"), LIMIT_RETRY_AFTER_MS);
    CHECK_INT(after("86401"), LIMIT_RETRY_AFTER_MS);
    CHECK_INT(after("99999999999999999999999999"), LIMIT_RETRY_AFTER_MS);
    CHECK_INT(after("Fri, 31 Dec 2049 23:59:59 GMT"), LIMIT_RETRY_AFTER_MS);
}

TEST_MAIN
