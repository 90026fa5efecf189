/* SPDX-License-Identifier: Apache-2.0
 *
 * One integer that sorts like "larger priority first, then older first".
 */
#include "base/limits.h"
#include "base/rng.h"
#include "task/order.h"
#include "test.h"

TEST(a_larger_priority_goes_before_any_age)
{
    CHECK(order_rank(1, INT64_C(1) << 47) < order_rank(0, 0));
    CHECK(order_rank(LIMIT_PRIORITY, 5) < order_rank(LIMIT_PRIORITY - 1, 4));
    CHECK(order_rank(-LIMIT_PRIORITY + 1, 5) < order_rank(-LIMIT_PRIORITY, 4));
}

TEST(within_a_priority_the_older_goes_first)
{
    CHECK(order_rank(0, 1) < order_rank(0, 2));
    CHECK(order_rank(-7, 1700000000000) < order_rank(-7, 1700000000001));
}

TEST(what_is_out_of_range_is_held_at_the_edge)
{
    CHECK_INT(order_rank(1000, 5), order_rank(LIMIT_PRIORITY, 5));
    CHECK_INT(order_rank(-1000, 5), order_rank(-LIMIT_PRIORITY, 5));
    CHECK_INT(order_rank(0, -5), order_rank(0, 0));
    CHECK_INT(order_rank(0, INT64_MAX), order_rank(0, (INT64_C(1) << 48) - 1));
    CHECK(order_rank(LIMIT_PRIORITY, 0) >= 0);
}

TEST(time_and_priority_come_back_out_and_the_order_is_the_pairs)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 3);
    for (int i = 0; i < 20000; i++) {
        int32_t p = (int32_t)rng_below(&r.rng, 2 * LIMIT_PRIORITY + 1) - LIMIT_PRIORITY;
        int32_t q = (int32_t)rng_below(&r.rng, 2 * LIMIT_PRIORITY + 1) - LIMIT_PRIORITY;
        int64_t t = (int64_t)rng_below(&r.rng, UINT64_C(1) << 48), u = (int64_t)rng_below(&r.rng, UINT64_C(1) << 48);
        CHECK_INT(order_priority(order_rank(p, t)), p);
        CHECK_INT(order_eligible_ms(order_rank(p, t)), t);
        bool first = p != q ? p > q : t < u;
        CHECK((order_rank(p, t) < order_rank(q, u)) == first);
    }
}

TEST_MAIN
