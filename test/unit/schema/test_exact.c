/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact numbers against the same arithmetic on 128 bits.
 */
#include "schema/exact.h"
#include "test.h"

#include "base/rng.h"

static struct exact exact_of(const char *text)
{
    struct exact a;
    exact_read(&a, str_of(text));
    return a;
}

static int compared(const char *a, const char *b)
{
    struct exact left = exact_of(a), right = exact_of(b);
    int forth = exact_compare(&left, &right), back = exact_compare(&right, &left);
    CHECK_INT(forth, -back);
    CHECK((forth == 0) <= (exact_hash(&left) == exact_hash(&right)));
    return forth;
}

TEST(the_same_number_has_many_spellings)
{
    static const char *const same[] = {"1200", "1.2e3", "1200.000", "12E+2", "0.0012e6", "120000e-2", "00.12E4"};
    for (size_t i = 0; i + 1 < sizeof same / sizeof *same; i++) CHECK_INT(compared(same[0], same[i]), 0);
    CHECK_INT(compared("0", "-0.0e99999999999999999999"), 0);
    CHECK_INT(compared("-1", "1"), -1);
    CHECK_INT(compared("-2", "-1"), -1);
    CHECK_INT(compared("1e400", "9.99e399"), 1);
    CHECK_INT(compared("1e-400", "0"), 1);
    CHECK_INT(compared("1.00000000000000000000000001", "1"), 1);
    CHECK_INT(compared("10", "9"), 1);
    CHECK_INT(compared("1e99999999999999999999", "1e5"), 1);
}

TEST(whole_numbers_are_known)
{
    struct exact a = exact_of("1.50e1"), b = exact_of("1.5"), c = exact_of("0.000"), d = exact_of("1e-1");
    CHECK(exact_is_whole(&a) && !exact_is_whole(&b) && exact_is_whole(&c) && !exact_is_whole(&d));
}

static bool multiple(const char *a, const char *of)
{
    struct exact left = exact_of(a), right = exact_of(of);
    return exact_is_multiple(&left, &right);
}

TEST(multiples_are_found_in_decimal)
{
    CHECK(multiple("0.3", "0.1") && multiple("-0.3", "0.1") && multiple("0", "7") && multiple("4.35", "0.01"));
    CHECK(!multiple("0.35", "0.1") && !multiple("7", "2") && !multiple("1e308", "0.123456789"));
    CHECK(multiple("1e308", "0.5") && multiple("123456789012345678901234567890", "10") && multiple("1e20", "1e3"));
    CHECK(!multiple("9007199254740993", "2") && multiple("9007199254740993", "3") && !multiple("30", "1e2"));
}

TEST(arithmetic_agrees_with_that_of_wide_integers)
{
    struct rng_seeded rng;
    rng_seeded_init(&rng, 7);
    for (int i = 0; i < 20000; i++) {
        int64_t a = (int64_t)(rng_next(&rng.rng) >> (1 + rng_next(&rng.rng) % 60)), b = (int64_t)(rng_next(&rng.rng) >> (6 + rng_next(&rng.rng) % 56)) + 1;
        int up = (int)(rng_next(&rng.rng) % 4), down = (int)(rng_next(&rng.rng) % 4);
        char left[80], right[80];
        __int128 wide = a, other = b;
        snprintf(left, sizeof left, "%" PRId64 "e%d", a, up - 2);
        snprintf(right, sizeof right, "%" PRId64 "e%d", b, down - 2);
        for (int k = 0; k < up; k++) wide *= 10;
        for (int k = 0; k < down; k++) other *= 10;
        CHECK_INT(compared(left, right), wide < other ? -1 : wide > other);
        struct exact divisor = exact_of(right);
        if (exact_count(&divisor) <= EXACT_DIVISOR) CHECK_INT(multiple(left, right), wide % other == 0);
    }
}

TEST_MAIN
