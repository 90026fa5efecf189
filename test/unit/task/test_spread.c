/* SPDX-License-Identifier: Apache-2.0
 *
 * Percentiles from buckets, against those of the sorted values.
 */
#include "base/rng.h"
#include "task/spread.h"
#include "test.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* By nearest rank: the least that so many of them do not exceed. */
static int64_t oracle(const int64_t *sorted, size_t n, int percent)
{
    size_t rank = (n * (size_t)percent + 99) / 100;
    return sorted[rank - 1];
}

static void check_near(int64_t said, int64_t true_ms)
{
    int64_t off = said > true_ms ? said - true_ms : true_ms - said;
    CHECK(off * 8 <= true_ms);
    if (true_ms < 16) CHECK_INT(said, true_ms);
}

static struct spread_sum sum_of(const struct spread *s)
{
    struct spread_sum sum = {0};
    spread_add(&sum, s);
    return sum;
}

TEST(of_nothing_there_is_no_percentile)
{
    struct spread_sum sum = {0};
    CHECK_INT(spread_percentile(&sum, 50), -1);
}

TEST(one_value_is_every_percentile)
{
    static const int64_t values[] = {0, 1, 7, 8, 15, 16, 17, 100, 999, 1000, 65535, 65536, 3600000, 86400000, 2147483647};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct spread s = {0};
        spread_count(&s, values[i]);
        struct spread_sum sum = sum_of(&s);
        CHECK_INT(sum.total, 1);
        for (int p = 1; p <= 100; p++) check_near(spread_percentile(&sum, p), values[i]);
    }
}

TEST(what_is_below_0_is_0_and_what_is_too_long_is_in_the_last_bucket)
{
    struct spread s = {0};
    spread_count(&s, -5);
    spread_count(&s, INT64_MAX);
    spread_count(&s, 1LL << 31);
    CHECK_INT(s.n[0], 1);
    CHECK_INT(s.n[SPREAD_BUCKETS - 1], 2);
    struct spread_sum sum = sum_of(&s);
    CHECK_INT(spread_percentile(&sum, 1), 0);
    CHECK(spread_percentile(&sum, 100) >= 2013265920 && spread_percentile(&sum, 100) <= 1LL << 31);
}

/* Every millisecond of the first buckets, then every bound: a longer time is never in an earlier bucket. */
TEST(a_longer_time_is_never_said_to_be_shorter)
{
    int64_t before = -1;
    for (int64_t ms = 0; ms < 1LL << 31; ms += ms < 5000 ? 1 : ms / 100) {
        struct spread s = {0};
        spread_count(&s, ms);
        struct spread_sum sum = sum_of(&s);
        int64_t said = spread_percentile(&sum, 50);
        CHECK(said >= before);
        check_near(said, ms);
        before = said;
    }
}

TEST(percentiles_are_at_most_an_eighth_off_those_of_the_sorted_values)
{
    static const int percents[] = {1, 10, 50, 90, 95, 99, 100};
    struct rng_seeded r;
    rng_seeded_init(&r, 8);
    for (int round = 0; round < 200; round++) {
        size_t n = 1 + (size_t)rng_below(&r.rng, 3000);
        int64_t *values = calloc(n, sizeof *values);
        struct spread s = {0};
        for (size_t i = 0; i < n; i++) {
            values[i] = (int64_t)(rng_next(&r.rng) >> (33 + rng_below(&r.rng, 31))); /* of all sizes */
            spread_count(&s, values[i]);
        }
        qsort(values, n, sizeof *values, compare);
        struct spread_sum sum = sum_of(&s);
        CHECK_INT(sum.total, n);
        for (size_t p = 0; p < sizeof percents / sizeof *percents; p++)
            check_near(spread_percentile(&sum, percents[p]), oracle(values, n, percents[p]));
        free(values);
    }
}

TEST(sums_are_of_all_that_was_added)
{
    struct spread a = {0}, b = {0};
    for (int i = 0; i < 90; i++) spread_count(&a, 3);
    for (int i = 0; i < 10; i++) spread_count(&b, 7);
    struct spread_sum sum = sum_of(&a);
    spread_add(&sum, &b);
    CHECK_INT(spread_percentile(&sum, 90), 3);
    CHECK_INT(spread_percentile(&sum, 91), 7);
}

TEST(more_than_fit_into_32_bits_together_are_no_trouble)
{
    struct spread s = {.n = {[2] = UINT32_MAX, [5] = UINT32_MAX}};
    struct spread_sum sum = {0};
    for (int i = 0; i < 1000; i++) spread_add(&sum, &s);
    CHECK_INT(sum.total, 2000ull * UINT32_MAX);
    CHECK_INT(spread_percentile(&sum, 50), 2);
    CHECK_INT(spread_percentile(&sum, 51), 5);
    CHECK_INT(spread_percentile(&sum, 100), 5);
}

TEST_MAIN
