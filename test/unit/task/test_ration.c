/* SPDX-License-Identifier: Apache-2.0
 *
 * Who starts, who makes room: each rule of ration.h by itself, then thousands of random machines that keep all of them.
 */
#include "task/ration.h"
#include "test.h"

#include "base/rng.h"

#define NOW INT64_C(1000000)
#define MOST 6

static struct ration_holder holders[MOST];
static struct ration_asker askers[MOST];
static struct ration r;

static void machine(int64_t whole, size_t n_holders, size_t n_askers)
{
    r = (struct ration){.whole = {{whole}}, .holders = holders, .n_holders = n_holders, .askers = askers, .n_askers = n_askers};
}

static struct ration_holder idle(int64_t holds, int64_t since_ms)
{
    return (struct ration_holder){.holds = {{holds}}, .pool = 1, .state = RATION_IDLE, .used_at_ms = since_ms};
}

static struct ration_holder working(int64_t holds, int64_t spared_until_ms)
{
    return (struct ration_holder){.holds = {{holds}}, .pool = 1, .state = RATION_WORKING, .spared_until_ms = spared_until_ms};
}

static struct ration_holder ending(int64_t holds) { return (struct ration_holder){.holds = {{holds}}, .pool = 1, .state = RATION_ENDING}; }
static struct ration_asker needs(int64_t amount, int64_t ticket) { return (struct ration_asker){.needs = {{amount}}, .ticket = ticket}; }

TEST(what_fits_starts_and_nobody_ends_for_it)
{
    holders[0] = idle(6, 1);
    askers[0] = needs(18, 1);
    machine(24, 1, 1);
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(askers[0].starts && !holders[0].ends);
    CHECK_INT(ration_free(&r).of[0], 18);
}

TEST(the_idle_one_that_was_used_least_recently_ends)
{
    holders[0] = idle(8, 30);
    holders[1] = idle(8, 10);
    holders[2] = idle(8, 20);
    askers[0] = needs(8, 1);
    machine(24, 3, 1);
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(!askers[0].starts && !holders[0].ends && holders[1].ends && !holders[2].ends);
}

TEST(several_end_when_one_is_not_enough_and_not_one_more_than_it_takes)
{
    holders[0] = idle(2, 10);
    holders[1] = idle(8, 20);
    holders[2] = idle(8, 30);
    askers[0] = needs(8, 1);
    machine(18, 3, 1);
    (void)ration_decide(&r, NOW);
    CHECK(!holders[0].ends && holders[1].ends && !holders[2].ends); /* the small one alone would be of no use */
    askers[0] = needs(16, 1);
    (void)ration_decide(&r, NOW);
    CHECK(!holders[0].ends && holders[1].ends && holders[2].ends);
}

TEST(none_ends_when_all_of_them_would_not_be_enough)
{
    holders[0] = idle(8, 10);
    holders[1] = working(16, INT64_MAX);
    askers[0] = needs(20, 1);
    machine(24, 2, 1);
    CHECK_INT(ration_decide(&r, NOW), -1); /* it is starting: its own word is what comes next */
    CHECK(!askers[0].starts && !holders[0].ends && !holders[0].gives_way && !holders[1].gives_way);
}

TEST(one_that_holds_nothing_of_what_is_short_is_left_alone)
{
    holders[0] = (struct ration_holder){.holds = {{0, 1}}, .pool = 1, .state = RATION_IDLE, .used_at_ms = 1};
    holders[1] = (struct ration_holder){.holds = {{8, 0}}, .pool = 1, .state = RATION_IDLE, .used_at_ms = 2};
    askers[0] = needs(8, 1);
    machine(8, 2, 1);
    r.whole.of[1] = 1;
    (void)ration_decide(&r, NOW);
    CHECK(!holders[0].ends && holders[1].ends);
}

TEST(what_is_about_to_be_free_is_waited_for)
{
    holders[0] = ending(16);
    holders[1] = idle(8, 1);
    askers[0] = needs(16, 1);
    machine(24, 2, 1);
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(!askers[0].starts && !holders[1].ends); /* it is held until it is dead */
}

TEST(one_that_has_more_to_do_is_spared_until_it_has_earned_its_start)
{
    holders[0] = idle(8, 1);
    holders[0].spared_until_ms = NOW + 500;
    askers[0] = needs(8, 1);
    machine(8, 1, 1);
    CHECK_INT(ration_decide(&r, NOW), 500);
    CHECK(!holders[0].ends && !holders[0].gives_way);
    CHECK_INT(ration_decide(&r, NOW + 500), -1);
    CHECK(holders[0].ends);
    CHECK_INT(ration_earned_at_ms(NOW, 3000, 4), NOW + 12000);
    CHECK_INT(ration_earned_at_ms(NOW, 3000, 1), NOW + 3000);
    CHECK_INT(ration_earned_at_ms(NOW, 0, 4), NOW + 1000);
    CHECK_INT(ration_earned_at_ms(NOW, 3000, 0), NOW);
}

TEST(one_that_works_is_never_ended_but_given_nothing_more)
{
    holders[0] = working(8, NOW + 100);
    holders[1] = idle(4, 1);
    askers[0] = needs(12, 1);
    machine(12, 2, 1);
    CHECK_INT(ration_decide(&r, NOW), 100);
    CHECK(!holders[0].gives_way && !holders[1].gives_way && !holders[1].ends);
    CHECK_INT(ration_decide(&r, NOW + 100), -1);
    CHECK(holders[0].gives_way && holders[1].gives_way && !holders[0].ends && !holders[1].ends);
    holders[0] = idle(8, 2); /* it is done */
    (void)ration_decide(&r, NOW + 200);
    CHECK(holders[0].ends && holders[1].ends);
}

TEST(no_pool_makes_room_for_itself_and_none_waits_in_line_for_what_its_own_holds)
{
    holders[0] = idle(8, 1);
    holders[1] = idle(8, 2);
    holders[0].pool = 0;
    askers[0] = needs(12, 1);
    machine(20, 2, 1);
    (void)ration_decide(&r, NOW);
    CHECK(!holders[0].ends && holders[1].ends && !askers[0].barred);
    askers[0] = needs(16, 1); /* never beside the 8 it has */
    askers[1] = needs(12, 2);
    askers[1].pool = 2;
    machine(20, 2, 2);
    (void)ration_decide(&r, NOW);
    CHECK(askers[0].barred && !askers[0].starts && !askers[1].barred);
    CHECK(holders[0].ends && !holders[1].ends); /* for the other one */
}

TEST(who_began_to_wait_first_is_served_first_and_not_overtaken)
{
    holders[0] = working(16, INT64_MAX);
    askers[0] = needs(4, 2); /* would fit */
    askers[1] = needs(20, 1);
    machine(24, 1, 2);
    (void)ration_decide(&r, NOW);
    CHECK(!askers[0].starts && !askers[1].starts);
    askers[1].ticket = 3;
    (void)ration_decide(&r, NOW);
    CHECK(askers[0].starts && !askers[1].starts);
}

static struct ration_asker waits(int64_t amount, int32_t priority, int64_t for_ms)
{
    return (struct ration_asker){.needs = {{amount}}, .priority = priority, .since_ms = NOW - for_ms, .ticket = 1};
}

TEST(who_waits_for_something_more_urgent_is_served_first_and_keeps_the_others_from_what_it_needs)
{
    askers[0] = waits(8, 0, 1000);
    askers[1] = waits(8, 1, 0);
    machine(8, 0, 2);
    (void)ration_decide(&r, NOW);
    CHECK(!askers[0].starts && askers[1].starts);
    holders[0] = working(16, INT64_MAX);
    askers[0] = waits(4, 0, 1000); /* would fit */
    askers[1] = waits(20, 1, 0);
    machine(24, 1, 2);
    (void)ration_decide(&r, NOW);
    CHECK(!askers[0].starts && !askers[1].starts);
}

TEST(a_wait_that_is_a_minute_longer_counts_as_much_as_one_step_of_priority)
{
    const struct { int32_t priority; int64_t longer_ms; bool first; } cases[] = {
        {0, 1, true}, {0, 0, true}, {-1, RATION_STEP_MS - 1, false}, {-1, RATION_STEP_MS, true}, {-1, RATION_STEP_MS + 1, true},
        {-200, 200 * RATION_STEP_MS - 1, false}, {-200, 200 * RATION_STEP_MS + 1, true}, {1, -RATION_STEP_MS, true}, {1, -RATION_STEP_MS - 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        askers[0] = waits(8, cases[i].priority, 500 + cases[i].longer_ms); /* the lower ticket, when they stand alike */
        askers[1] = waits(8, 0, 500);
        askers[1].ticket = 2;
        machine(8, 0, 2);
        (void)ration_decide(&r, NOW);
        CHECK(askers[0].starts == cases[i].first && askers[1].starts == !cases[i].first);
        CHECK(ration_before(&askers[0], &askers[1]) == cases[i].first && ration_before(&askers[1], &askers[0]) == !cases[i].first);
    }
}

TEST(one_with_less_urgent_things_to_do_is_not_spared_but_given_what_it_was_started_for)
{
    holders[0] = idle(8, 1);
    holders[0].spared_until_ms = NOW + 50000;
    holders[0].owed_until_ms = NOW + 700;
    askers[0] = waits(8, 1, 0);
    machine(8, 1, 1);
    CHECK_INT(ration_decide(&r, NOW), 700);
    CHECK(!holders[0].ends);
    CHECK_INT(ration_decide(&r, NOW + 700), -1);
    CHECK(holders[0].ends);
    holders[0] = working(8, NOW + 50000); /* it has been given that */
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(holders[0].gives_way && !holders[0].ends);
}

TEST(one_with_something_more_urgent_to_do_goes_on_until_the_other_has_waited_for_that)
{
    holders[0] = working(8, NOW - 1);
    holders[0].priority = 5;
    askers[0] = waits(8, 3, 1000);
    machine(8, 1, 1);
    CHECK_INT(ration_decide(&r, NOW), 2 * RATION_STEP_MS - 1000);
    CHECK(!holders[0].gives_way);
    CHECK_INT(ration_decide(&r, NOW + 2 * RATION_STEP_MS - 1000), -1);
    CHECK(holders[0].gives_way);
    holders[0].spared_until_ms = NOW + 3 * RATION_STEP_MS; /* not before it has earned its start, either */
    CHECK_INT(ration_decide(&r, NOW), 3 * RATION_STEP_MS);
    holders[0] = idle(8, 1); /* what it had to do is done: it keeps nothing */
    holders[0].priority = 5;
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(holders[0].ends);
}

TEST(an_amount_is_told_in_the_unit_it_was_written_in)
{
    struct buf b;
    buf_init(&b, 64);
    ration_add_text(&b, &(struct ration_amount){"vram", 1, true}, INT64_C(6) << 30);
    buf_add_text(&b, " ");
    ration_add_text(&b, &(struct ration_amount){"seat", 1, false}, 1024);
    buf_add_text(&b, " ");
    ration_add_text(&b, &(struct ration_amount){"seat", 1, false}, -3);
    CHECK_STR(buf_str(&b), "6G 1024 0");
    buf_release(&b);
}

TEST(one_that_needs_something_else_is_not_held_up)
{
    holders[0] = working(24, INT64_MAX);
    askers[0] = needs(20, 1);
    askers[1] = (struct ration_asker){.needs = {{0, 1}}, .pool = 2, .ticket = 2};
    askers[2] = (struct ration_asker){.needs = {{1, 1}}, .pool = 3, .ticket = 3};
    machine(24, 1, 3);
    r.whole.of[1] = 2;
    (void)ration_decide(&r, NOW);
    CHECK(!askers[0].starts && askers[1].starts && !askers[2].starts);
}

TEST(a_start_without_a_task_takes_what_is_free_and_nothing_else)
{
    holders[0] = idle(16, 1);
    askers[0] = needs(12, 1);
    askers[0].unasked = true;
    machine(24, 1, 1);
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(!askers[0].starts && !holders[0].ends);
    askers[0] = needs(8, 1);
    askers[0].unasked = true;
    askers[1] = needs(20, 2); /* a task waits: it is first, and what is free is kept for it */
    machine(24, 1, 2);
    (void)ration_decide(&r, NOW);
    CHECK(!askers[0].starts && holders[0].ends);
    machine(24, 1, 1);
    (void)ration_decide(&r, NOW);
    CHECK(askers[0].starts);
}

TEST(when_the_whole_was_made_smaller_idle_ones_end_and_the_others_follow)
{
    holders[0] = working(8, 0);
    holders[1] = idle(8, 1);
    holders[2] = idle(8, 2);
    machine(10, 3, 0);
    CHECK_INT(ration_decide(&r, NOW), -1);
    CHECK(!holders[0].gives_way && holders[1].ends && holders[2].ends);
    machine(6, 3, 0);
    (void)ration_decide(&r, NOW);
    CHECK(holders[0].gives_way && holders[1].ends && holders[2].ends);
    CHECK_INT(ration_free(&r).of[0], -18);
}

/* ---- random machines ---- */

static int64_t some(struct rng *rng, int64_t n) { return (int64_t)rng_below(rng, (uint64_t)n); }

static void shake(struct rng *rng)
{
    machine(1 + some(rng, 20), 0, 0);
    r.whole.of[1] = 1 + some(rng, 4);
    struct ration_amounts left = r.whole;
    for (int i = 0; i < MOST; i++) {
        struct ration_amounts a = {{some(rng, left.of[0] + 1), some(rng, left.of[1] + 1)}};
        holders[i] = (struct ration_holder){.holds = a, .pool = (size_t)some(rng, 2 * MOST), .state = (enum ration_state)some(rng, 3), .used_at_ms = some(rng, 9),
                                            .priority = (int32_t)some(rng, 3)};
        if (some(rng, 2)) holders[i].spared_until_ms = NOW - 50 + some(rng, 100);
        if (some(rng, 2)) holders[i].owed_until_ms = holders[i].spared_until_ms;
        for (int k = 0; k < 2; k++) left.of[k] -= a.of[k];
    }
    for (int i = 0; i < MOST; i++)
        askers[i] = (struct ration_asker){.needs = {{some(rng, r.whole.of[0] + 1), some(rng, r.whole.of[1] + 1)}},
                                          .pool = (size_t)i, .ticket = (i * 5) % MOST, .since_ms = NOW - some(rng, 3) * RATION_STEP_MS,
                                          .priority = (int32_t)some(rng, 3), .unasked = some(rng, 4) == 0};
    r.n_holders = (size_t)some(rng, MOST + 1);
    r.n_askers = (size_t)some(rng, MOST + 1);
}

static int64_t sum_after(int k)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r.n_holders; i++) sum += holders[i].holds.of[k];
    for (size_t i = 0; i < r.n_askers; i++) sum += askers[i].starts ? askers[i].needs.of[k] : 0;
    return sum;
}

/* As time passes: what was told to end is dead, what works is done, what was spared is not any more; and one that was
 * barred begins to wait when it is not, for nothing urgent: behind whoever waits. */
static void settle(void)
{
    for (size_t i = 0; i < r.n_askers; i++)
        if (askers[i].barred) askers[i].ticket += MOST, askers[i].since_ms = NOW, askers[i].priority = 0;
    for (size_t i = 0; i < r.n_holders; i++) {
        struct ration_holder *h = &holders[i];
        if (h->ends || h->state == RATION_ENDING) *h = ending(0);
        else h->state = RATION_IDLE, h->spared_until_ms = 0;
    }
}

static const struct ration_asker *first_in_line(void)
{
    const struct ration_asker *first = NULL;
    for (size_t i = 0; i < r.n_askers; i++)
        if (!askers[i].unasked && !askers[i].barred && (!first || ration_before(&askers[i], first))) first = &askers[i];
    return first;
}

static int32_t highest_asked(void)
{
    int32_t highest = INT32_MIN;
    for (size_t i = 0; i < r.n_askers; i++)
        if (!askers[i].unasked && askers[i].priority > highest) highest = askers[i].priority;
    return highest;
}

TEST(whatever_the_machine_never_too_much_never_one_that_works_and_the_first_in_line_gets_its_turn)
{
    struct rng_seeded seeded;
    rng_seeded_init(&seeded, 5);
    for (int round = 0; round < 20000; round++) {
        shake(&seeded.rng);
        int64_t again_ms = ration_decide(&r, NOW);
        CHECK(again_ms == -1 || again_ms > 0);
        for (int k = 0; k < 2; k++) CHECK(sum_after(k) <= r.whole.of[k]);
        for (size_t i = 0; i < r.n_holders; i++) {
            const struct ration_holder *h = &holders[i];
            CHECK(!h->ends || (h->state == RATION_IDLE && h->owed_until_ms <= NOW));
            CHECK(!h->ends || h->spared_until_ms <= NOW || highest_asked() > h->priority);
            CHECK(!h->gives_way || h->state != RATION_ENDING);
        }
        const struct ration_asker *first = first_in_line();
        for (int turns = 0; first && !first->starts; turns++) {
            CHECK(turns < 3);
            if (turns == 3) return;
            settle();
            (void)ration_decide(&r, NOW);
        }
    }
}

TEST_MAIN
