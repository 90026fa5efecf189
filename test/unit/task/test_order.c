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

/* ---- fair share ---- */

static int64_t start_of(int64_t clock, int64_t head, int64_t last, int64_t had)
{
    struct order_fair f = {clock, head, last, had};
    return order_fair_start(&f);
}

TEST(a_key_that_comes_new_starts_where_the_others_are_now)
{
    CHECK_INT(start_of(5000, -1, -1, 0), 5000);
    CHECK_INT(start_of(5000, 5000, -1, 0), 5000);
    CHECK_INT(start_of(5000, 9000, -1, 0), 5000); /* before a head that is further on */
    CHECK_INT(start_of(5000, 70, -1, 0), 70 + ORDER_FAIR_TASK); /* and not behind all of a lane that stands still */
}

TEST(each_task_of_a_key_comes_one_turn_after_the_one_before)
{
    CHECK_INT(start_of(5000, 5000, 6000, 0), 6000 + ORDER_FAIR_TASK);
    CHECK_INT(start_of(5000, -1, 100, 0), 5000); /* no turn of the past is made up for */
    CHECK_INT(start_of(5000, 5000, -1, 5000 + ORDER_FAIR_TASK), 5000 + ORDER_FAIR_TASK);
    CHECK_INT(start_of(5000, 5000, -1, 5007), 5007);
    CHECK_INT(start_of(5000, 5000, -1, 99000), 5000 + ORDER_FAIR_TASK); /* elsewhere it had much: one turn is enough */
    CHECK_INT(start_of(5000, 5000, -1, 4000), 5000);
}

TEST(the_clock_follows_what_starts_and_goes_on_by_one_task_at_most_when_nothing_newer_does)
{
    int64_t clock = order_fair_clock(100, 5000);
    CHECK_INT(clock, 5000);
    for (int i = 0; i < 2 * ORDER_FAIR_TASK; i++) {
        int64_t before = clock;
        clock = order_fair_clock(clock, 5000);
        CHECK(clock == before + 1 || (clock == before && clock == 5000 + ORDER_FAIR_TASK));
    }
    CHECK_INT(clock, 5000 + ORDER_FAIR_TASK);
    CHECK_INT(order_fair_clock(clock, 4000), clock);
}

TEST(the_rank_by_age_has_the_priority_of_another)
{
    CHECK_INT(order_by_age(order_rank(-7, 99), 5), order_rank(-7, 5));
}

TEST_MAIN
