/* SPDX-License-Identifier: Apache-2.0
 *
 * How long, and when it starts: by hand where a hand can reckon it, else against playing it through.
 */
#include "base/rng.h"
#include "task/eta.h"
#include "test.h"

#include <math.h>

#define NEAR(a, b, part) CHECK(fabs((a) - (b)) <= (part) * fabs((double)(b)))

static double unit(struct rng *rng) { return ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0; }

static double normal(struct rng *rng) { return sqrt(-2 * log(unit(rng))) * cos(2 * M_PI * unit(rng)); }

static struct eta_guess guess(const struct eta_runs *r)
{
    struct eta_guess g;
    CHECK(eta_guess_of(r, &g));
    return g;
}

TEST(nothing_is_known_before_the_first_run)
{
    struct eta_runs r = {.n = 0};
    struct eta_guess g;
    CHECK(!eta_guess_of(&r, &g));
    eta_runs_add(&r, 2000, 1);
    g = guess(&r);
    NEAR(eta_usual_ms(&g, 1), 2000, 0.001);
    NEAR(eta_mean_ms(&g, 1), 2000, 0.001);
    eta_runs_add(&r, 0, 1); /* counts as 1 ms */
    CHECK(isfinite(guess(&r).log_ms));
}

TEST(usual_time_and_mean_come_from_the_last_runs_and_odd_ones_move_them_little)
{
    struct rng_seeded s;
    struct eta_runs r = {.n = 0};
    rng_seeded_init(&s, 3);
    for (int i = 0; i < 10 * ETA_RUNS; i++) eta_runs_add(&r, (int64_t)(50000 * exp(0.5 * normal(&s.rng))), 1);
    for (int i = 0; i < ETA_RUNS; i++) eta_runs_add(&r, i % 16 == 0 ? 36000000 : (int64_t)(1000 * exp(0.5 * normal(&s.rng))), 1);
    struct eta_guess g = guess(&r);
    NEAR(eta_usual_ms(&g, 1), 1000, 0.25);
    NEAR(g.spread, 0.5, 0.35);
    CHECK(eta_mean_ms(&g, 1) > eta_usual_ms(&g, 1));
}

TEST(the_time_of_a_batch_follows_its_size_between_one_task_and_all_of_them)
{
    struct eta_runs all = {.n = 0}, none = {.n = 0}, root = {.n = 0}, unknown = {.n = 0};
    for (int i = 0; i < ETA_RUNS; i++) {
        int32_t size = 1 + i % 16;
        eta_runs_add(&all, 100 * size * size, size);
        eta_runs_add(&none, 1000 / size, size);
        eta_runs_add(&root, (int64_t)(100 * sqrt(size)), size);
        eta_runs_add(&unknown, 800, 8);
    }
    CHECK(guess(&all).slope > 0.999 && guess(&none).slope < 0.001);
    NEAR(guess(&root).slope, 0.5, 0.1);
    struct eta_guess g = guess(&root), u = guess(&unknown);
    NEAR(eta_usual_ms(&g, 4), 200, 0.1);
    NEAR(eta_usual_ms(&u, 8), 800, 0.001);
    NEAR(eta_usual_ms(&u, 1), 100, 0.001); /* while sizes say nothing: in proportion */
}

TEST(what_is_left_goes_down_with_time_and_is_never_nothing)
{
    struct eta_guess g = {.log_ms = log(1000), .spread = 0.5, .slope = 0};
    NEAR(eta_left_ms(&g, 1, 0), 1000, 0.001);
    CHECK(eta_left_ms(&g, 1, 500) < 700 && eta_left_ms(&g, 1, 500) > 500);
    /* of those that take longer than the median half are over at the upper quartile */
    NEAR(eta_left_ms(&g, 1, 1000), 1000 * (exp(0.5 * 0.67449) - 1), 0.001);
    for (double gone = 1; gone < 1e12; gone *= 3) {
        double left = eta_left_ms(&g, 1, gone);
        CHECK(isfinite(left) && left > 0);
    }
    g.spread = 50; /* nobody knows: bounded all the same */
    CHECK(isfinite(eta_left_ms(&g, 1, 1e9)));
}

static struct eta_line line(int64_t places, int64_t batches, double each_ms, struct eta_running *running, size_t n)
{
    return (struct eta_line){.places = places, .own = {batches, (double)batches * each_ms}, .running = running, .n_running = n};
}

static double line_ms(struct eta_line l) { return eta_line_ms(&l); }

TEST(a_line_moves_as_places_become_free)
{
    struct eta_running two[] = {{700, false}, {300, false}}, three[] = {{900, false}, {100, false}, {500, false}};
    NEAR(line_ms(line(2, 0, 0, NULL, 0)), 0, 0);
    NEAR(line_ms(line(2, 1, 1000, NULL, 0)), 0, 0);      /* the other place */
    NEAR(line_ms(line(2, 2, 1000, NULL, 0)), 1000, 0.01);
    NEAR(line_ms(line(2, 0, 0, two, 2)), 300, 0.01);
    NEAR(line_ms(line(2, 1, 1000, two, 2)), 700, 0.01);
    NEAR(line_ms(line(2, 2, 1000, two, 2)), 1300, 0.01);
    NEAR(line_ms(line(3, 0, 0, two, 2)), 0, 0);
    NEAR(line_ms(line(1, 0, 0, three, 3)), 900, 0.01);   /* there were three places: the first two that end make no room */
    NEAR(line_ms(line(4, 1000, 1000, NULL, 0)), 250000, 0.01);
    NEAR(line_ms(line(1, 5, 0, NULL, 0)), 5, 0.01);      /* what takes no time at all takes a ms */
    CHECK(isfinite(line_ms(line(1, INT64_C(1) << 40, 1e9, NULL, 0))));
}

TEST(rivals_take_no_more_places_than_they_can)
{
    struct eta_running running[] = {{50000, true}, {400, false}};
    struct eta_line l = line(2, 0, 0, running, 2);
    l.rival = (struct eta_ahead){100, 100000};
    l.rival_places = 2;
    CHECK(line_ms(l) > 40000); /* they may have both */
    l.rival_places = 1;
    NEAR(line_ms(l), 400, 0.01);
    l.own = (struct eta_ahead){1, 1000};
    NEAR(line_ms(l), 1400, 0.01);
    struct eta_running more[] = {{100, true}, {600, false}, {500, false}}; /* ours had two places before a limit was lowered */
    l = line(2, 0, 0, more, 3);
    l.rival = (struct eta_ahead){10, 100000};
    l.rival_places = 1;
    NEAR(line_ms(l), 600, 0.01);
    struct eta_running both[] = {{100, true}, {600, false}};
    l = line(2, 0, 0, both, 2);
    l.rival = (struct eta_ahead){10, 100000};
    l.rival_places = 1;
    NEAR(line_ms(l), 600, 0.01);
}

/* Batches of random times, each to the place that is free first. */
static double played(struct rng *rng, int places, int batches, double spread)
{
    double free_at[8] = {0};
    for (int i = 0;; i++) {
        int first = 0;
        for (int p = 1; p < places; p++)
            if (free_at[p] < free_at[first]) first = p;
        if (i == batches) return free_at[first];
        free_at[first] += 1000 * exp(spread * normal(rng));
    }
}

TEST(a_line_takes_as_long_as_when_it_is_played_through)
{
    struct rng_seeded s;
    struct eta_guess g = {.log_ms = log(1000), .spread = 0.5, .slope = 0};
    rng_seeded_init(&s, 5);
    for (int places = 1; places <= 8; places *= 2) {
        for (int batches = 4 * places; batches <= 200; batches *= 3) {
            double mean = 0;
            for (int i = 0; i < 200; i++) mean += played(&s.rng, places, batches, 0.5) / 200;
            NEAR(line_ms(line(places, batches, eta_mean_ms(&g, 1), NULL, 0)), mean, 0.2);
        }
    }
}

TEST(another_attempt_is_reckoned_with_when_it_is_likelier_than_not)
{
    CHECK_INT(eta_more_attempts(0, 5), 0);
    CHECK_INT(eta_more_attempts(0.49, 5), 0);
    CHECK_INT(eta_more_attempts(0.5, 5), 1);
    CHECK_INT(eta_more_attempts(0.8, 5), 3);
    CHECK_INT(eta_more_attempts(1, 5), 5);
    CHECK_INT(eta_more_attempts(1, -1), 0);
}

TEST(a_moment_is_no_more_exact_than_it_can_be)
{
    CHECK_INT(eta_round_ms(1000001, 100), 1000101);
    int64_t at = eta_round_ms(1700000000000, 60000);
    CHECK(at % 256 == 0 && at >= 1700000060000 && at - 1700000060000 < 512);
    CHECK_INT(eta_round_ms(5, -3), 5);
    CHECK(eta_round_ms(1700000000000, INFINITY) > 0 && eta_round_ms(1700000000000, NAN) > 0);
}

TEST_MAIN
