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

static int64_t next_of(int64_t ms)
{
    (void)of_steady(ms);
    return pace_next_ms(&pace);
}

TEST(the_next_is_claimed_when_an_attempt_should_be_over_in_a_moment)
{
    pace = (struct pace){0};
    CHECK_INT(pace_next_ms(&pace), -1);
    (void)after(PACE_KNOWN - 1, 50);
    CHECK_INT(pace_next_ms(&pace), -1);
    for (int64_t ms = 0; ms <= HANDLER_AHEAD_MS; ms++) CHECK_INT(next_of(ms), 0);
    for (int64_t ms = HANDLER_AHEAD_MS; ms < PACE_LONG_MS; ms++) CHECK_INT(next_of(ms), ms - HANDLER_AHEAD_MS);
    CHECK_INT(next_of(PACE_LONG_MS), -1);
    CHECK_INT(next_of(3600000), -1);
}

TEST_MAIN
