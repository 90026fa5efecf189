/* SPDX-License-Identifier: Apache-2.0
 *
 * Rates of keys in the index against a model that has a bucket for every key from the start on and forgets none: of each key
 * as many could run as it has tokens, whatever was undone, forgotten or looked at again.
 */
#include "base/rng.h"
#include "store/ready_fair.h"
#include "store/ready_inside.h"
#include "store/ready_key_rate.h"
#include "task/order.h"
#include "test.h"

#define NOW INT64_C(1700000000000)
#define IDS 40
#define KEYS 5

static const char *const names[KEYS] = {"ann", "bob", "c", "d", "ann and bob"};
static const struct rate by_three = {1, 3, 1000};

static struct id id_of(int i) { return (struct id){.b = {[8] = (uint8_t)(i * 97), [14] = (uint8_t)(i >> 8), [15] = (uint8_t)i}}; }

static struct life life_of(enum task_state state, int i)
{
    return (struct life){.state = state, .run = 1, .rank = order_rank(0, NOW + i), .fence = state == TASK_RUNNING};
}

static void declare(struct ready *r, struct rate rate)
{
    r->queues[0].declared_key_rate = rate;
    ready_key_limit(r, 0);
}

static void stage(struct ready *r, struct rate rate)
{
    ready_init(r);
    ready_key_rate_now(r, 5000, NOW);
    CHECK_INT(ready_lane_of(r, STR("q"), STR("t"), STR_NONE), 0);
    declare(r, rate);
}

static void put(struct ready *r, int i, const char *key)
{
    struct id id = id_of(i);
    struct life l = life_of(TASK_PENDING, i);
    ready_add(r, &id, 0, ready_key_of(r, 0, str_of(key)), &l);
}

static void start(struct ready *r, int i)
{
    struct id id = id_of(i);
    struct life l = life_of(TASK_RUNNING, i);
    ready_key_rate_take(r, 0, &id);
    ready_put(r, &id, 0, &l);
}

static void end(struct ready *r, int i)
{
    struct id id = id_of(i);
    ready_remove(r, &id);
}

static void pass(struct ready *r, int64_t ms) { ready_key_rate_now(r, r->mono_ms + ms, r->wall_ms + ms); }

static bool tick(struct ready *r) { return ready_key_rate_tick(r, 1000); }

static uint32_t names_kept(const struct ready *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_keys; i++) n += r->keys[i].name.p != NULL;
    return n;
}

static uint32_t buckets(const struct ready *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_keys; i++) n += r->keys[i].own != NULL;
    return n;
}

/* ---- against the model ---- */

struct model {
    int key[IDS];               /* of those that are there; -1: it is not */
    enum task_state state[IDS];
    struct rate_bucket tokens[KEYS];
};

static void check(struct ready *r, struct model *m)
{
    uint32_t all = 0;
    for (int k = 0; k < KEYS; k++) {
        int tokens = rate_tokens(&m->tokens[k], r->mono_ms);
        for (int i = 0; i < IDS; i++) { /* in their order */
            struct id id = id_of(i);
            if (m->key[i] != k || m->state[i] != TASK_PENDING) continue;
            CHECK(ready_is_in_lane(r, ready_get(r, &id)) == (tokens > 0));
            all += tokens-- > 0;
        }
    }
    CHECK_INT(ready_waiting(r, 0), all);
}

static void change_one(struct ready *r, struct model *m, struct rng *rng)
{
    int i = (int)rng_below(rng, IDS);
    if (m->key[i] < 0) {
        m->key[i] = (int)rng_below(rng, KEYS);
        m->state[i] = TASK_PENDING;
        put(r, i, names[m->key[i]]);
    } else if (m->state[i] == TASK_RUNNING || rng_below(rng, 6) == 0) {
        end(r, i);
        m->key[i] = -1;
    } else {
        struct id id = id_of(i);
        if (!ready_is_in_lane(r, ready_get(r, &id))) return;
        start(r, i);
        rate_take(&m->tokens[m->key[i]], 1, r->mono_ms);
        m->state[i] = TASK_RUNNING;
    }
}

TEST(as_many_of_each_key_could_run_as_it_has_tokens_also_after_an_undo_and_under_another_rate)
{
    static const struct rate rates[] = {{1, 3, 1000}, {7, 2, 1000}, {1, 1, 1000}, {50, 5, 60000}};
    uint32_t forgotten = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rng_seeded rng;
        rng_seeded_init(&rng, seed);
        struct ready r;
        stage(&r, rates[seed % 4]);
        struct model now, kept;
        for (int i = 0; i < IDS; i++) now.key[i] = -1, now.state[i] = TASK_PENDING;
        for (int k = 0; k < KEYS; k++) now.tokens[k] = (struct rate_bucket){0}, rate_change(&now.tokens[k], &rates[seed % 4], r.mono_ms);
        kept = now;
        for (int step = 0; step < 400; step++) {
            uint64_t what = rng_below(&rng.rng, 12);
            if (what == 0) {
                ready_commit(&r);
                kept = now;
                forgotten += buckets(&r) < KEYS;
            } else if (what == 1) {
                ready_undo(&r);
                now = kept; /* with its tokens: time brings the model's as it does the others */
            } else if (what == 2) {
                pass(&r, (int64_t)rng_below(&rng.rng, 2500));
                CHECK(!tick(&r));
            } else if (what == 3 && rng_below(&rng.rng, 5) == 0) {
                ready_commit(&r);
                const struct rate *rate = &rates[rng_below(&rng.rng, 4)];
                bool same = rate_same(rate, &r.queues[0].key_rate.rate);
                declare(&r, *rate);
                for (int k = 0; k < KEYS && !same; k++) rate_change(&now.tokens[k], rate, r.mono_ms);
                kept = now;
            } else {
                change_one(&r, &now, &rng.rng);
            }
            check(&r, &now);
        }
        ready_release(&r);
    }
    CHECK(forgotten > 0);
}

/* ---- one thing each ---- */

TEST(an_undo_gives_back_what_was_taken)
{
    struct ready r;
    stage(&r, by_three);
    pass(&r, 10000);
    for (int i = 0; i < 5; i++) put(&r, i, "ann");
    ready_commit(&r);
    pass(&r, 400);
    for (int i = 0; i < 3; i++) start(&r, i);
    CHECK_INT(ready_waiting(&r, 0), 0);
    CHECK_INT(ready_key_rate_due(&r), r.wall_ms + 1000);
    ready_undo(&r);
    CHECK_INT(ready_waiting(&r, 0), 3);
    CHECK_INT(ready_key_rate_due(&r), INT64_MAX); /* more than the burst never comes together */
    start(&r, 0);
    ready_commit(&r);
    pass(&r, 300);
    start(&r, 1);
    pass(&r, 300);
    ready_undo(&r);
    CHECK_INT(ready_waiting(&r, 0), 2);
    CHECK_INT(ready_key_rate_due(&r), r.wall_ms + 400); /* as if the second had never been */
    ready_release(&r);
}

TEST(a_key_without_tasks_is_kept_until_its_bucket_is_full)
{
    struct ready r;
    stage(&r, by_three);
    pass(&r, 10000);
    for (int i = 0; i < 2; i++) {
        put(&r, i, "ann");
        start(&r, i);
        end(&r, i);
        ready_commit(&r);
        CHECK(names_kept(&r) == 1 && buckets(&r) == 1);
    }
    for (int i = 2; i < 5; i++) put(&r, i, "ann");
    CHECK_INT(ready_waiting(&r, 0), 1); /* who comes again has what is left */
    CHECK_INT(ready_key_rate_due(&r), r.wall_ms + 1000);
    for (int i = 2; i < 5; i++) end(&r, i);
    CHECK_INT(ready_key_rate_due(&r), INT64_MAX); /* nobody is woken to forget something */
    while (ready_key_touched(&r) != READY_NONE) continue;
    ready_commit(&r);
    pass(&r, 1999);
    ready_commit(&r);
    CHECK_INT(buckets(&r), 1);
    pass(&r, 1);
    ready_commit(&r);
    CHECK(buckets(&r) == 0 && names_kept(&r) == 0);
    for (int i = 5; i < 10; i++) put(&r, i, "ann");
    CHECK_INT(ready_waiting(&r, 0), 3);
    ready_release(&r);
}

TEST(each_key_is_let_in_when_its_own_token_comes_and_a_tick_takes_no_more_than_it_may)
{
    struct ready r;
    stage(&r, (struct rate){1, 1, 1000});
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "k%d", i / 2);
        put(&r, i, name);
        if (i % 2 == 0) start(&r, i);
        if (i % 2 == 0) pass(&r, 10);
    }
    ready_commit(&r);
    CHECK_INT(ready_waiting(&r, 0), 0);
    CHECK_INT(ready_key_rate_due(&r), r.wall_ms + 500); /* the first was started 500 ms ago */
    pass(&r, 499);
    CHECK(!tick(&r));
    CHECK_INT(ready_waiting(&r, 0), 0);
    pass(&r, 1 + 90);
    CHECK(ready_key_rate_tick(&r, 4));
    CHECK_INT(ready_waiting(&r, 0), 4);
    CHECK(!ready_key_rate_tick(&r, 6));
    CHECK_INT(ready_waiting(&r, 0), 10);
    CHECK_INT(ready_key_rate_due(&r), r.wall_ms + 10);
    ready_release(&r);
}

TEST(tasks_without_a_key_have_no_rate_in_a_fair_queue_as_in_any_other)
{
    for (int fair = 0; fair < 2; fair++) {
        struct ready r;
        stage(&r, by_three);
        r.queues[0].declared_fair = fair;
        ready_fair_settle(&r, 0, NOW);
        for (int i = 0; i < 5; i++) {
            struct id id = id_of(i);
            struct life l = life_of(TASK_PENDING, i);
            ready_add(&r, &id, 0, ready_fair_key(&r, 0, STR_NONE), &l);
        }
        for (int i = 0; i < 4; i++) start(&r, i);
        CHECK(ready_waiting(&r, 0) == 1 && buckets(&r) == 0);
        ready_release(&r);
    }
}

TEST(what_was_set_for_a_queue_counts_more_than_what_is_declared_and_is_of_that_queue_alone)
{
    struct ready r;
    stage(&r, by_three);
    uint32_t other = ready_lane_of(&r, STR("other"), STR("t"), STR_NONE), queue = r.lanes[other].queue;
    r.queues[queue].set.key_rate = by_three;
    ready_key_limit(&r, queue);
    for (int i = 0; i < 6; i++) {
        struct id id = id_of(i);
        struct life l = life_of(TASK_PENDING, i);
        ready_add(&r, &id, i < 3 ? 0 : other, ready_key_of(&r, i < 3 ? 0 : queue, STR("ann")), &l);
    }
    CHECK(ready_waiting(&r, 0) == 1 && ready_waiting(&r, other) == 1 && buckets(&r) == 2);
    r.queues[0].set.key_rate = (struct rate){.n = 0};
    ready_key_limit(&r, 0);
    CHECK(ready_waiting(&r, 0) == 3 && ready_waiting(&r, other) == 1);
    r.queues[0].set.key_rate.n = -1;
    ready_key_limit(&r, 0);
    CHECK_INT(ready_waiting(&r, 0), 1);
    ready_release(&r);
}

TEST(where_there_is_no_rate_there_is_nothing_of_it)
{
    struct ready r;
    stage(&r, (struct rate){0});
    for (int i = 0; i < 10; i++) put(&r, i, names[i % KEYS]);
    for (int i = 0; i < 10; i++) start(&r, i);
    CHECK(buckets(&r) == 0 && ready_key_rate_due(&r) == INT64_MAX);
    for (int i = 0; i < 10; i++) end(&r, i);
    ready_commit(&r);
    CHECK_INT(names_kept(&r), 0);
    ready_release(&r);
}

TEST(a_rate_that_ends_takes_its_buckets_with_it_also_in_the_middle_of_a_batch)
{
    struct ready r;
    stage(&r, by_three);
    for (int i = 0; i < 4; i++) put(&r, i, i < 3 ? "ann" : "bob");
    start(&r, 3);
    end(&r, 3);
    ready_commit(&r); /* bob rests */
    start(&r, 0);
    CHECK_INT(buckets(&r), 2);
    declare(&r, (struct rate){0});
    CHECK(buckets(&r) == 0 && ready_waiting(&r, 0) == 2);
    ready_undo(&r);
    CHECK_INT(ready_waiting(&r, 0), 3);
    CHECK_INT(names_kept(&r), 1);
    CHECK_INT(ready_key_rate_due(&r), INT64_MAX);
    ready_release(&r);
}

TEST_MAIN
