/* SPDX-License-Identifier: Apache-2.0
 *
 * How many attempts may be claimed ahead of a process, by how long its last ones took.
 */
#include "handler/pace.h"
#include "test.h"

static struct pace pace;

static int after(int n, int64_t ms)
{
    for (int i = 0; i < n; i++) pace_add(&pace, ms);
    return pace_ahead(&pace);
}

static int of_steady(int64_t ms)
{
    pace = (struct pace){0};
    return after(100, ms);
}

TEST(nothing_is_said_before_a_few_are_known)
{
    pace = (struct pace){0};
    CHECK_INT(pace_ahead(&pace), 0);
    CHECK_INT(after(PACE_KNOWN - 1, 0), 0);
    CHECK_INT(after(1, 0), PACE_MOST);
}

TEST(the_work_claimed_ahead_is_at_most_a_fixed_time)
{
    for (int64_t ms = 1; ms <= HANDLER_AHEAD_MS; ms++) CHECK(of_steady(ms) * ms <= HANDLER_AHEAD_MS);
    CHECK(of_steady(1) > 20);
    CHECK_INT(of_steady(HANDLER_AHEAD_MS / 2), 2);
    CHECK_INT(of_steady(HANDLER_AHEAD_MS / 2 + 1), 1);
    CHECK_INT(of_steady(HANDLER_AHEAD_MS), 0);
    CHECK_INT(of_steady(3600000), 0);
}

TEST(one_long_attempt_ends_it_and_short_ones_bring_it_back)
{
    CHECK_INT(of_steady(0), PACE_MOST);
    CHECK_INT(after(1, 1000), 0);
    CHECK_INT(after(5, 0), 0);
    CHECK(after(30, 0) > 20);
}

TEST_MAIN
