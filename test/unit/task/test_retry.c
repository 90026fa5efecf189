/* SPDX-License-Identifier: Apache-2.0
 *
 * Backoff: the numbers by hand, the cap, no overflow, and the spread of full jitter.
 */
#include "base/rng.h"
#include "task/retry.h"
#include "test.h"

TEST(exponential_doubles_from_base_and_stops_at_the_cap)
{
    struct retry_policy p = {RETRY_EXPONENTIAL, RETRY_JITTER_NONE, 5000, 600000};
    static const int64_t wanted[] = {5000, 10000, 20000, 40000, 80000, 160000, 320000, 600000, 600000};
    for (int n = 0; n < 9; n++) CHECK_INT(retry_delay_ms(&p, n + 1, 0), wanted[n]);
    CHECK_INT(retry_delay_ms(&p, 1000, 0), 600000);
}

TEST(fixed_is_the_base_each_time_and_never_over_the_cap)
{
    struct retry_policy p = {RETRY_FIXED, RETRY_JITTER_NONE, 5000, 600000};
    CHECK_INT(retry_delay_ms(&p, 1, 0), 5000);
    CHECK_INT(retry_delay_ms(&p, 99, 0), 5000);
    p.cap_ms = 10;
    CHECK_INT(retry_delay_ms(&p, 1, 0), 10);
}

TEST(a_huge_base_or_cap_does_not_overflow)
{
    struct retry_policy p = {RETRY_EXPONENTIAL, RETRY_JITTER_NONE, INT64_MAX / 2 + 1, INT64_MAX};
    for (int n = 1; n < 100; n++) CHECK(retry_delay_ms(&p, n, UINT64_MAX) > 0);
    p.jitter = RETRY_JITTER_FULL;
    for (int n = 1; n < 100; n++) CHECK(retry_delay_ms(&p, n, UINT64_MAX) >= 0);
}

TEST(nothing_negative_comes_of_nonsense)
{
    struct retry_policy p = {RETRY_EXPONENTIAL, RETRY_JITTER_FULL, -5, 100};
    CHECK_INT(retry_delay_ms(&p, 3, UINT64_MAX), 0);
    p = (struct retry_policy){RETRY_EXPONENTIAL, RETRY_JITTER_NONE, 5, -100};
    CHECK_INT(retry_delay_ms(&p, 3, UINT64_MAX), 0);
    p = (struct retry_policy){RETRY_FIXED, RETRY_JITTER_FULL, 0, 0};
    CHECK_INT(retry_delay_ms(&p, 1, UINT64_MAX), 0);
}

TEST(full_jitter_gives_every_delay_between_nothing_and_the_computed_one)
{
    struct retry_policy p = {RETRY_FIXED, RETRY_JITTER_FULL, 9, 100};
    CHECK_INT(retry_delay_ms(&p, 1, 0), 0);
    CHECK_INT(retry_delay_ms(&p, 1, UINT64_MAX), 9);
    struct rng_seeded r;
    rng_seeded_init(&r, 1);
    int seen[10] = {0};
    for (int i = 0; i < 10000; i++) {
        int64_t d = retry_delay_ms(&p, 1, rng_next(&r.rng));
        CHECK(d >= 0 && d <= 9);
        seen[d]++;
    }
    for (int i = 0; i < 10; i++) CHECK(seen[i] > 800 && seen[i] < 1200);
}

TEST(words_go_both_ways)
{
    CHECK_INT(retry_backoff_of("fixed", 5), RETRY_FIXED);
    CHECK_INT(retry_backoff_of("exponential", 11), RETRY_EXPONENTIAL);
    CHECK_INT(retry_backoff_of("exponentia", 10), -1);
    CHECK_INT(retry_backoff_of("", 0), -1);
    CHECK_INT(retry_jitter_of("none", 4), RETRY_JITTER_NONE);
    CHECK_INT(retry_jitter_of("full", 4), RETRY_JITTER_FULL);
    CHECK_INT(retry_jitter_of("fuller", 6), -1);
    CHECK(strcmp(retry_backoff_word(RETRY_EXPONENTIAL), "exponential") == 0);
    CHECK(strcmp(retry_jitter_word(RETRY_JITTER_FULL), "full") == 0);
}

TEST_MAIN
