/* SPDX-License-Identifier: Apache-2.0
 *
 * Clocks and chance.
 */
#include "test.h"

#include "base/clock.h"
#include "base/rng.h"

TEST(the_wall_clock_is_in_this_century_and_mono_does_not_go_back)
{
    CHECK(clock_wall_ms(&clock_system) > 1700000000000);
    CHECK(clock_wall_ms(&clock_system) < 4102444800000);
    int64_t last = clock_mono_ms(&clock_system);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_ms(&clock_system);
        CHECK(now >= last);
        last = now;
    }
}

/* The seed 0 expanded by splitmix64, then xoshiro256**: first values of the reference implementations. */
TEST(the_seeded_generator_is_xoshiro256_starstar)
{
    struct rng_seeded r = {.s = {1, 2, 3, 4}}, fresh;
    rng_seeded_init(&fresh, 0);
    CHECK(fresh.s[0] == 0xe220a8397b1dcdafu); /* splitmix64(0), first output */
    CHECK(fresh.s[1] == 0x6e789e6aa1b965f4u);
    r.rng.next = fresh.rng.next;
    CHECK_INT(rng_next(&r.rng), 11520);
    CHECK_INT(rng_next(&r.rng), 0);
    CHECK_INT(rng_next(&r.rng), 1509978240);
    CHECK_INT(rng_next(&r.rng), 1215971899390074240);
}

TEST(the_same_seed_repeats_and_another_does_not)
{
    struct rng_seeded a, b, c;
    rng_seeded_init(&a, 5);
    rng_seeded_init(&b, 5);
    rng_seeded_init(&c, 6);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a.rng);
        CHECK(x == rng_next(&b.rng));
        same += x == rng_next(&c.rng);
    }
    CHECK_INT(same, 0);
}

TEST(what_is_filled_is_all_of_it_and_what_the_words_are)
{
    struct rng_seeded a, b;
    uint8_t bytes[24] = {0};
    rng_seeded_init(&a, 5);
    rng_seeded_init(&b, 5);
    rng_fill(&a.rng, bytes + 1, 19);
    uint64_t words[3] = {rng_next(&b.rng), rng_next(&b.rng), rng_next(&b.rng)};
    CHECK(memcmp(bytes + 1, words, 19) == 0);
    CHECK(bytes[0] == 0 && bytes[20] == 0 && bytes[23] == 0);
}

TEST(below_stays_below_and_reaches_everything)
{
    struct rng_seeded r;
    int seen[7] = {0};
    rng_seeded_init(&r, 1);
    for (int i = 0; i < 70000; i++) seen[rng_below(&r.rng, 7)]++;
    for (int i = 0; i < 7; i++) CHECK(seen[i] > 9500 && seen[i] < 10500);
    CHECK_INT(rng_below(&r.rng, 1), 0);
}

static uint64_t script[3];
static int script_at;
static uint64_t scripted(struct rng *r)
{
    (void)r;
    return script[script_at++];
}

TEST(below_throws_away_the_values_that_would_be_once_too_often)
{
    struct rng r = {scripted};
    uint64_t bound = (UINT64_C(1) << 63) + 1; /* nearly half of all words are one too many */
    script[0] = 5;
    script[1] = bound - 3;
    script[2] = UINT64_MAX;
    script_at = 0;
    CHECK(rng_below(&r, bound) == UINT64_MAX - bound); /* 2^64 mod bound is bound - 2: the first two are below it */
    CHECK_INT(script_at, 3);
}

TEST(the_kernels_chance_does_not_repeat)
{
    enum { N = 1000 };
    static uint64_t seen[N];
    for (int i = 0; i < N; i++) {
        seen[i] = rng_next(rng_system());
        for (int k = 0; k < i; k++) CHECK(seen[k] != seen[i]);
    }
}

TEST_MAIN
