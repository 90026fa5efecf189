/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens, to the millisecond and for years.
 */
#include "base/rng.h"
#include "task/rate.h"
#include "test.h"

#include <string.h>

#define STARTS 400

static struct rate of(const char *text)
{
    struct rate r = {.n = -7};
    CHECK_INT(rate_parse(&r, str_of(text)), 0);
    return r;
}

static struct rate_bucket bucket(const char *text, int64_t now_ms)
{
    struct rate_bucket b = {0};
    struct rate r = of(text);
    rate_change(&b, &r, now_ms);
    return b;
}

TEST(a_rate_is_a_number_a_unit_and_maybe_a_burst)
{
    static const struct {
        const char *text;
        struct rate rate;
    } good[] = {{"10/s", {10, 10, 1000}},        {"1/m", {1, 1, 60000}},  {"1000000/h", {1000000, 1000000, 3600000}},
                {"5/d", {5, 5, 86400000}},       {"0", {0, 0, 0}},        {"10/s burst 20", {10, 20, 1000}},
                {"60/m burst 1", {60, 1, 60000}}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct rate r = of(good[i].text);
        char text[RATE_TEXT];
        CHECK(rate_same(&r, &good[i].rate) && r.burst == good[i].rate.burst && r.per_ms == good[i].rate.per_ms);
        rate_format(&r, text);
        CHECK_STR(str_of(text), good[i].text);
    }
}

TEST(a_burst_that_is_the_number_in_front_need_not_be_said)
{
    char text[RATE_TEXT];
    struct rate r = of("10/s burst 10"), same = of("10/s");
    CHECK(rate_same(&r, &same));
    rate_format(&r, text);
    CHECK_STR(str_of(text), "10/s");
}

TEST(what_is_no_rate_is_refused_and_changes_nothing)
{
    static const char *const bad[] = {"",         "10",       "/s",        "10/",         "10/x",        "10 /s",          "10/ s",
                                      "-1/s",     "0/s",      "+1/s",      "1.5/s",       "1000001/s",   "10/sec",         "10/s ",
                                      "10/s 20",  "10/s burst", "10/s burst ", "10/s burst 0", "10/s burst -1", "10/s burst 1000001", "10/s  burst 2",
                                      "10/s burst 2 ", "99999999999999999999/s", "none", "00/s", "010/s", "10/S", " 10/s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rate r = {.n = -7};
        CHECK_INT(rate_parse(&r, str_of(bad[i])), ERR_INVALID);
        CHECK_INT(r.n, -7);
    }
}

TEST(rates_differ_by_number_burst_and_unit_and_no_limit_is_not_the_same_as_not_said)
{
    struct rate a = of("10/s"), b = of("10/s burst 9"), c = of("10/m"), d = of("11/s burst 10"), none = of("0"), unsaid = {.n = -1};
    CHECK(!rate_same(&a, &b) && !rate_same(&a, &c) && !rate_same(&a, &d) && !rate_same(&a, &none) && !rate_same(&none, &unsaid));
    CHECK(rate_same(&none, &none) && rate_same(&unsaid, &unsaid));
}

TEST(without_a_rate_there_are_always_tokens)
{
    struct rate_bucket b = {0};
    rate_take(&b, 1000, 5);
    CHECK(rate_tokens(&b, 5) == INT32_MAX && rate_wait_ms(&b, 1000, 5) == 0);
}

TEST(a_bucket_begins_with_one_token_and_fills_at_its_rate_up_to_its_burst)
{
    struct rate_bucket b = bucket("10/s burst 3", 500);
    CHECK_INT(rate_tokens(&b, 500), 1);
    CHECK_INT(rate_tokens(&b, 599), 1);
    CHECK_INT(rate_tokens(&b, 600), 2);
    CHECK_INT(rate_tokens(&b, 700), 3);
    CHECK_INT(rate_tokens(&b, 100000), 3);
    rate_take(&b, 3, 100000);
    CHECK_INT(rate_tokens(&b, 100000), 0);
    CHECK_INT(rate_wait_ms(&b, 1, 100000), 100);
    CHECK_INT(rate_tokens(&b, 100099), 0);
    CHECK_INT(rate_tokens(&b, 100100), 1);
}

TEST(how_long_until_the_next_token_is_rounded_up_and_is_exact_for_rates_that_do_not_divide)
{
    struct rate_bucket b = bucket("7/s", 0);
    rate_take(&b, 1, 0);
    int64_t at = 0;
    for (int i = 0; i < 70; i++) { /* ten seconds: no part is lost on the way */
        int64_t wait = rate_wait_ms(&b, 1, at);
        CHECK(wait > 0 && rate_tokens(&b, at + wait - 1) == 0);
        at += wait;
        CHECK_INT(rate_tokens(&b, at), 1);
        rate_take(&b, 1, at);
    }
    CHECK_INT(at, 10000);
}

TEST(more_than_the_burst_never_comes_together)
{
    struct rate_bucket b = bucket("10/s burst 2", 0);
    CHECK_INT(rate_wait_ms(&b, 3, 0), -1);
    CHECK_INT(rate_wait_ms(&b, 2, 0), 100);
    CHECK_INT(rate_wait_ms(&b, 1, 0), 0);
}

TEST(the_last_of_many_starts_when_each_before_it_has_had_its_token)
{
    struct rate_bucket b = {0};
    struct rate rate = of("10/s burst 2");
    CHECK_INT(rate_after_ms(&b, 1000000, 5), 0); /* no rate */
    rate_change(&b, &rate, 0);
    CHECK_INT(rate_after_ms(&b, 1, 0), 0);
    CHECK_INT(rate_after_ms(&b, 2, 0), 100);
    CHECK_INT(rate_after_ms(&b, 1000000, 0), INT64_C(99999900));
    CHECK_INT(rate_after_ms(&b, 1000000, 50), INT64_C(99999850));
}

TEST(what_was_taken_beyond_the_tokens_is_paid_back_first)
{
    struct rate_bucket b = bucket("1/s burst 5", 0);
    rate_take(&b, 3, 0);
    CHECK_INT(rate_tokens(&b, 1999), 0);
    CHECK_INT(rate_wait_ms(&b, 1, 1999), 1001);
    CHECK_INT(rate_tokens(&b, 3000), 1);
}

TEST(what_is_given_back_is_as_if_it_had_never_been_taken_and_never_more_than_the_burst)
{
    struct rate_bucket b = bucket("1/s burst 3", 0), other = b;
    CHECK(!rate_is_full(&b, 1999) && rate_is_full(&b, 2000));
    rate_take(&b, 2, 2500);
    CHECK(!rate_is_full(&b, 2500));
    rate_give(&b, 2, 2700);
    CHECK_INT(rate_tokens(&b, 2700), 3);
    CHECK(rate_is_full(&b, 2700));
    rate_take(&b, 1, 3000);
    rate_give(&b, 1, 9000); /* it has come again meanwhile */
    CHECK(rate_tokens(&b, 9000) == 3 && rate_is_full(&b, 9000));
    rate_take(&other, 1, 100);
    rate_give(&other, 1, 300);
    CHECK_INT(rate_wait_ms(&other, 2, 300), 700); /* the part that has come since is there, too */
    struct rate_bucket none = {0};
    rate_give(&none, 5, 0);
    CHECK(rate_is_full(&none, 0) && none.parts == 0);
}

TEST(time_that_does_not_pass_or_goes_back_brings_nothing_and_costs_nothing)
{
    struct rate_bucket b = bucket("1/s burst 5", 10000);
    CHECK_INT(rate_tokens(&b, 1000), 1);
    CHECK_INT(rate_tokens(&b, 10000), 1);
    CHECK_INT(rate_tokens(&b, 11000), 2);
}

TEST(a_full_bucket_of_the_largest_rate_after_ages_is_full_and_no_more)
{
    struct rate_bucket b = bucket("1000000/d burst 1000000", 0);
    CHECK_INT(rate_tokens(&b, INT64_C(1) << 60), 1000000);
    rate_take(&b, 1000000, INT64_C(1) << 60);
    CHECK_INT(rate_tokens(&b, INT64_C(1) << 60), 0);
    CHECK_INT(rate_wait_ms(&b, 1000000, INT64_C(1) << 60), 86400000);
}

TEST(a_changed_rate_keeps_the_tokens_that_its_burst_has_room_for)
{
    struct rate_bucket b = bucket("10/s", 0);
    struct rate hourly = of("3600/h burst 6"), none = of("0"), tens = of("10/s");
    CHECK_INT(rate_tokens(&b, 450), 5);
    rate_change(&b, &hourly, 450);
    CHECK_INT(rate_tokens(&b, 450), 5);
    CHECK_INT(rate_wait_ms(&b, 6, 450), 500); /* the half of a token that was there is kept */
    rate_change(&b, &hourly, 500000);
    CHECK_INT(rate_tokens(&b, 500000), 6);
    rate_change(&b, &none, 500000);
    CHECK_INT(rate_tokens(&b, 500000), INT32_MAX);
    rate_change(&b, &tens, 500000);
    CHECK_INT(rate_tokens(&b, 500000), 1);
}

TEST(the_time_before_a_change_counts_at_the_rate_of_then)
{
    struct rate_bucket b = bucket("1/h burst 1000", 0);
    struct rate fast = of("1000/s");
    rate_change(&b, &fast, 1800 * 1000);
    CHECK_INT(rate_tokens(&b, 1800 * 1000), 1);
}

TEST(a_debt_outlives_a_change)
{
    struct rate_bucket b = bucket("1/s burst 5", 0);
    struct rate fast = of("2/s");
    rate_take(&b, 3, 0);
    rate_change(&b, &fast, 0);
    CHECK_INT(rate_wait_ms(&b, 1, 0), 1500);
}

/* The promise itself, against starts that come as they like: at each as many as there are tokens, or fewer. */
static void in_any_span(uint64_t seed)
{
    static const char *const rates[] = {"10/s", "3/s burst 1", "7/s burst 40", "59/m burst 2", "1000/h burst 17", "999/s burst 3"};
    struct rng_seeded r;
    rng_seeded_init(&r, seed);
    struct rate rate = of(rates[seed % (sizeof rates / sizeof *rates)]);
    struct rate_bucket b = {0};
    int64_t now = (int64_t)rng_below(&r.rng, 1000000), at[STARTS];
    size_t n = 0;
    rate_change(&b, &rate, now);
    while (n < STARTS) {
        int32_t most = rate_tokens(&b, now), take = (int32_t)rng_below(&r.rng, (uint64_t)most + 1);
        if (rng_below(&r.rng, 2)) take = most;
        rate_take(&b, take, now);
        for (int32_t i = 0; i < take && n < STARTS; i++) at[n++] = now;
        now += rng_below(&r.rng, 4) ? rate_wait_ms(&b, 1, now) : (int64_t)rng_below(&r.rng, (uint64_t)(4 * rate.per_ms));
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) CHECK((int64_t)(j - i + 1) * rate.per_ms <= rate.burst * rate.per_ms + (at[j] - at[i]) * rate.n);
}

TEST(in_any_span_no_more_start_than_the_burst_and_what_the_rate_gives)
{
    for (uint64_t seed = 1; seed <= 60; seed++) in_any_span(seed);
}

TEST_MAIN
