/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows that move, against a list of everything that happened; clocks that are set.
 */
#include "base/rng.h"
#include "server/recent.h"
#include "test/test.h"

#define MINUTE 60000LL
#define HOUR 3600000LL
#define NOON 1790000040000LL /* a moment of 2026, at the beginning of a minute */

static struct recent recent;

static void add_all(struct recent_sum *sum, enum recent_window w, int64_t at_ms)
{
    for (int back = 0; back < recent_steps(w); back++) recent_add(sum, &recent, w, at_ms, back);
}

static uint64_t counted(enum recent_window w, int64_t at_ms, enum recent_event event)
{
    struct recent_sum sum = {0};
    add_all(&sum, w, at_ms);
    return sum.n[event];
}

TEST(what_happened_is_in_both_windows_until_it_is_too_old)
{
    recent_count(&recent, NOON, RECENT_SUBMITTED);
    CHECK_INT(counted(RECENT_HOUR, NOON, RECENT_SUBMITTED), 1);
    CHECK_INT(counted(RECENT_HOUR, NOON, RECENT_FAILED), 0);
    CHECK_INT(counted(RECENT_HOUR, NOON + 60 * MINUTE - 1, RECENT_SUBMITTED), 1);
    CHECK_INT(counted(RECENT_HOUR, NOON + 60 * MINUTE, RECENT_SUBMITTED), 0);
    int64_t hour = NOON / HOUR * HOUR;
    CHECK_INT(counted(RECENT_DAY, hour + 24 * HOUR - 1, RECENT_SUBMITTED), 1);
    CHECK_INT(counted(RECENT_DAY, hour + 24 * HOUR, RECENT_SUBMITTED), 0);
    recent_release(&recent);
}

TEST(a_step_that_comes_round_again_begins_at_0)
{
    recent_count(&recent, NOON, RECENT_FAILED);
    recent_waited(&recent, NOON, 500);
    recent_ran(&recent, NOON, 700);
    int64_t later = NOON + 60 * MINUTE;
    recent_count(&recent, later, RECENT_COMPLETED);
    struct recent_sum sum = {0};
    recent_add(&sum, &recent, RECENT_HOUR, later, 0);
    CHECK_INT(sum.n[RECENT_COMPLETED], 1);
    CHECK_INT(sum.n[RECENT_FAILED], 0);
    CHECK_INT(sum.waits.total, 0);
    CHECK_INT(sum.runs.total, 0);
    recent_waited(&recent, later, 3);
    recent_ran(&recent, later, 4);
    recent_add(&sum, &recent, RECENT_HOUR, later, 0);
    CHECK_INT(spread_percentile(&sum.waits, 99), 3);
    CHECK_INT(spread_percentile(&sum.runs, 99), 4);
    recent_release(&recent);
}

TEST(steps_are_told_apart)
{
    for (int i = 0; i < 60; i++)
        for (int n = 0; n <= i; n++) recent_count(&recent, NOON + i * MINUTE + n, RECENT_SUBMITTED);
    for (int back = 0; back < 60; back++) {
        struct recent_sum sum = {0};
        recent_add(&sum, &recent, RECENT_HOUR, NOON + 59 * MINUTE, back);
        CHECK_INT(sum.n[RECENT_SUBMITTED], 60 - back);
    }
    CHECK_INT(counted(RECENT_DAY, NOON + 59 * MINUTE, RECENT_SUBMITTED), 60 * 61 / 2);
    recent_release(&recent);
}

TEST(before_time_0_there_was_nothing)
{
    recent_count(&recent, 5, RECENT_SUBMITTED);
    CHECK_INT(counted(RECENT_HOUR, 5, RECENT_SUBMITTED), 1);
    CHECK_INT(counted(RECENT_DAY, 5, RECENT_SUBMITTED), 1);
    recent_release(&recent);
}

/* Time goes on by anything from nothing to days; all that happened is kept in a list, too. */
TEST(windows_have_what_a_list_of_everything_says)
{
    static struct {
        int64_t at_ms;
        enum recent_event event;
    } all[4000];
    struct rng_seeded r;
    rng_seeded_init(&r, 60);
    int64_t now = NOON;
    for (size_t n = 0; n < sizeof all / sizeof *all; n++) {
        uint64_t how = rng_below(&r.rng, 100);
        now += how < 60 ? 0 : how < 90 ? (int64_t)rng_below(&r.rng, 3 * MINUTE) : how < 99 ? (int64_t)rng_below(&r.rng, 2 * HOUR) : (int64_t)rng_below(&r.rng, 60 * HOUR);
        all[n].at_ms = now;
        all[n].event = (enum recent_event)rng_below(&r.rng, RECENT_EVENTS);
        recent_count(&recent, now, all[n].event);
        for (enum recent_window w = RECENT_HOUR; w <= RECENT_DAY; w++) {
            uint64_t wanted[RECENT_EVENTS] = {0};
            struct recent_sum sum = {0};
            for (size_t i = n + 1; i-- > 0 && all[i].at_ms >= recent_begin_ms(w, now, recent_steps(w) - 1);) wanted[all[i].event]++;
            add_all(&sum, w, now);
            for (int e = 0; e < RECENT_EVENTS; e++) CHECK_INT(sum.n[e], wanted[e]);
        }
    }
    recent_release(&recent);
}

TEST(a_window_covers_what_has_passed_of_it)
{
    CHECK_INT(recent_span_ms(RECENT_HOUR, NOON + 10, 0), 59 * MINUTE + 10);
    CHECK_INT(recent_span_ms(RECENT_HOUR, NOON + 10, NOON - 5), 15);
    CHECK_INT(recent_span_ms(RECENT_HOUR, NOON, NOON), 1);
    CHECK_INT(recent_span_ms(RECENT_DAY, NOON / HOUR * HOUR + 7, 0), 23 * HOUR + 7);
    CHECK_INT(recent_begin_ms(RECENT_HOUR, NOON + 59999, 0), NOON);
    CHECK_INT(recent_begin_ms(RECENT_HOUR, NOON, 59), NOON - 59 * MINUTE);
}

static int64_t wall_ms, mono_ms;
static int64_t fake_wall(const struct clock *c) { return c ? wall_ms : 0; }
static int64_t fake_mono(const struct clock *c) { return c ? mono_ms : 0; }
static const struct clock fake_clock = {fake_wall, fake_mono};

TEST(a_clock_that_is_set_moves_no_window)
{
    struct recent_clock c;
    wall_ms = NOON;
    mono_ms = 1234;
    recent_clock_init(&c, &fake_clock);
    CHECK_INT(recent_now_ms(&c), NOON);
    recent_count(&recent, recent_now_ms(&c), RECENT_SUBMITTED);
    mono_ms += MINUTE;
    wall_ms += MINUTE + 5 * HOUR;
    CHECK_INT(recent_now_ms(&c), NOON + MINUTE);
    CHECK_INT(counted(RECENT_HOUR, recent_now_ms(&c), RECENT_SUBMITTED), 1);
    CHECK_INT(recent_wall_ms(&c, NOON), NOON + 5 * HOUR);
    wall_ms -= 48 * HOUR;
    recent_count(&recent, recent_now_ms(&c), RECENT_SUBMITTED);
    CHECK_INT(counted(RECENT_HOUR, recent_now_ms(&c), RECENT_SUBMITTED), 2);
    CHECK_INT(recent_wall_ms(&c, recent_now_ms(&c)), wall_ms);
    wall_ms = NOON + MINUTE + 999;
    CHECK_INT(recent_wall_ms(&c, NOON), NOON);
    wall_ms = NOON + MINUTE - 999;
    CHECK_INT(recent_wall_ms(&c, NOON), NOON);
    wall_ms = NOON + MINUTE + 1000;
    CHECK_INT(recent_wall_ms(&c, NOON), NOON + 1000);
    recent_release(&recent);
}

TEST(time_that_goes_back_loses_nothing_that_is_newer)
{
    recent_count(&recent, NOON + 60 * MINUTE, RECENT_SUBMITTED);
    recent_count(&recent, NOON, RECENT_SUBMITTED);
    CHECK_INT(counted(RECENT_HOUR, NOON + 60 * MINUTE, RECENT_SUBMITTED), 2);
    recent_release(&recent);
}

TEST_MAIN
