/* SPDX-License-Identifier: Apache-2.0
 *
 * The map against a plain array with the same random moves, the hash against known values, and hostile keys.
 */
#include "test.h"

#include "base/map.h"
#include "base/rng.h"

/* SipHash-1-3 under the zero key, as CPython 3.11 computes hash(bytes) with PYTHONHASHSEED=0. */
TEST(the_hash_is_siphash_1_3)
{
    map_seed(0, 0);
    CHECK(map_hash(STR("a")) == 0x407448d2b89b1813u);
    CHECK(map_hash(STR("abc")) == 0xc03bc3a0042630f2u);
    CHECK(map_hash(STR("01234567")) == 0xda3dcedf84ea6cc6u);
    CHECK(map_hash(STR("0123456789abcdef!")) == 0x9463628f6c8882cau);
    map_seed(1, 0);
    CHECK(map_hash(STR("abc")) != 0xc03bc3a0042630f2u);
}

TEST(random_moves_agree_with_a_plain_array)
{
    enum { N = 500 };
    static char keys[N][16];
    static int values[N][2];
    void *model[N] = {NULL};
    struct rng_seeded chance;
    struct map m;
    size_t n = 0;
    map_init(&m);
    rng_seeded_init(&chance, 7);
    for (int i = 0; i < N; i++) snprintf(keys[i], sizeof keys[i], "key-%d", i);
    for (int step = 0; step < 200000; step++) {
        size_t i = rng_below(&chance.rng, N);
        /* long stretches of mostly adding and of mostly removing, so that it fills and empties */
        if (rng_below(&chance.rng, 10) < (step / 5000 % 2 ? 7 : 3)) {
            void *value = &values[i][rng_below(&chance.rng, 2)];
            CHECK(map_put(&m, str_of(keys[i]), value) == model[i]);
            n += model[i] == NULL;
            model[i] = value;
        } else {
            CHECK(map_remove(&m, str_of(keys[i])) == model[i]);
            n -= model[i] != NULL;
            model[i] = NULL;
        }
        CHECK_INT(m.n, n);
        size_t other = rng_below(&chance.rng, N);
        CHECK(map_get(&m, str_of(keys[other])) == model[other]);
    }
    size_t at = 0, seen = 0;
    for (struct map_entry *entry; (entry = map_next(&m, &at)); seen++) {
        long i = strtol(entry->key.p + 4, NULL, 10);
        CHECK(model[i] == entry->value);
    }
    CHECK_INT(seen, n);
    for (int i = 0; i < N; i++) CHECK(map_get(&m, str_of(keys[i])) == model[i]);
    map_release(&m);
}

TEST(an_empty_map_answers)
{
    struct map m = {0};
    size_t at = 0;
    CHECK(map_get(&m, STR("x")) == NULL);
    CHECK(map_remove(&m, STR("x")) == NULL);
    CHECK(map_next(&m, &at) == NULL);
    map_release(&m);
}

TEST(the_empty_key_is_a_key_and_so_are_bytes_with_nul)
{
    struct map m;
    int a, b, c;
    map_init(&m);
    CHECK(map_put(&m, STR_NONE, &a) == NULL);
    CHECK(map_get(&m, STR("")) == &a);
    CHECK(map_put(&m, STR("x\0y"), &b) == NULL);
    CHECK(map_put(&m, STR("x\0z"), &c) == NULL);
    CHECK(map_get(&m, STR("x\0y")) == &b);
    CHECK(map_remove(&m, STR("")) == &a);
    CHECK_INT(m.n, 2);
    map_release(&m);
}

TEST(a_map_that_lives_long_does_not_grow)
{
    enum { N = 10, ROUNDS = 100000 };
    static char keys[N][16];
    struct map m;
    int value;
    map_init(&m);
    for (int i = 0; i < ROUNDS; i++) {
        char *key = keys[i % N];
        if (i >= N) CHECK(map_remove(&m, str_of(key)) == &value);
        snprintf(key, sizeof keys[0], "t%d", i);
        map_put(&m, str_of(key), &value);
    }
    CHECK_INT(m.n, N);
    CHECK_INT(m.cap, 16);
    map_release(&m);
}

/* Keys that all fall into one place under FNV or under another seed must not do so here. */
TEST(keys_chosen_for_one_seed_spread_under_another)
{
    enum { WANTED = 64 };
    char key[16];
    int found = 0, together[16] = {0};
    static char chosen[WANTED][16];
    map_seed(1, 2);
    for (int i = 0; found < WANTED; i++) {
        snprintf(key, sizeof key, "%d", i);
        if ((map_hash(str_of(key)) & 15) == 0) memcpy(chosen[found++], key, sizeof key);
    }
    map_seed(3, 4);
    for (int i = 0; i < WANTED; i++) together[map_hash(str_of(chosen[i])) & 15]++;
    for (int i = 0; i < 16; i++) CHECK(together[i] < WANTED / 4);
}

TEST_MAIN
