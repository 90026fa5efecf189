/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of the index against a model that sorts everything anew: whichever way things came about, of each key the best of
 * its pending tasks could run now, as many as its limit leaves beside those that run, and the others are in no lane.
 */
#include "base/rng.h"
#include "store/ready_key.h"
#include "task/order.h"
#include "test.h"

#include <stdlib.h>

#define NOW INT64_C(1700000000000)
#define IDS 60
#define KEYS 4 /* of each queue, and none */
#define QUEUES 2

static const char *const queue_names[QUEUES] = {"q", "r"};
static const char *const key_names[KEYS] = {"ann", "bob", "c", "ann and bob"};

struct model {
    struct life life[IDS];
    bool live[IDS];
    int limit[QUEUES]; /* 0: none */
};

static int queue_of(int i) { return i % QUEUES; }
static int key_of(int i) { return i / QUEUES % (KEYS + 1) - 1; } /* -1: none */
static uint32_t lane_of(int i) { return (uint32_t)(queue_of(i) + QUEUES * (i / 12 % 2)); } /* two of each queue */

static struct id id_of(int i)
{
    struct id id = {{0}};
    id.b[15] = (uint8_t)i;
    id.b[8] = (uint8_t)(i * 97);
    return id;
}

static uint32_t key_in(struct ready *r, int i)
{
    return ready_key_of(r, (uint32_t)queue_of(i), key_of(i) < 0 ? STR_NONE : str_of(key_names[key_of(i)]));
}

static void stage(struct ready *r)
{
    ready_init(r);
    for (uint32_t l = 0; l < 2 * QUEUES; l++)
        CHECK_INT(ready_lane_of(r, str_of(queue_names[l % QUEUES]), l < QUEUES ? STR("t") : STR("u"), STR_NONE), l);
}

static struct life any_life(struct rng *rng)
{
    static const enum task_state states[] = {TASK_SCHEDULED, TASK_PENDING, TASK_PENDING, TASK_PENDING, TASK_RUNNING, TASK_RUNNING};
    struct life l = {.state = states[rng_below(rng, 6)], .run = 1};
    l.rank = order_rank((int32_t)rng_below(rng, 3), NOW + (int64_t)rng_below(rng, 20));
    if (l.state == TASK_SCHEDULED) l.due_at_ms = NOW + 1;
    if (l.state == TASK_RUNNING) l.fence = 1;
    return l;
}

static bool is_before(const struct model *m, int a, int b)
{
    struct id x = id_of(a), y = id_of(b);
    return m->life[a].rank != m->life[b].rank ? m->life[a].rank < m->life[b].rank : id_cmp(&x, &y) < 0;
}

static bool same_key(int a, int b) { return queue_of(a) == queue_of(b) && key_of(a) == key_of(b); }

/* Pending, and not held. */
static bool could_run(const struct model *m, int i)
{
    if (!m->live[i] || m->life[i].state != TASK_PENDING) return false;
    if (key_of(i) < 0 || m->limit[queue_of(i)] == 0) return true;
    int taken = 0;
    for (int k = 0; k < IDS; k++) {
        if (k == i || !m->live[k] || !same_key(k, i)) continue;
        taken += m->life[k].state == TASK_RUNNING || (m->life[k].state == TASK_PENDING && is_before(m, k, i));
    }
    return taken < m->limit[queue_of(i)];
}

static void check_lanes(const struct ready *r, const struct model *m)
{
    for (uint32_t lane = 0; lane < 2 * QUEUES; lane++) {
        uint32_t n = 0;
        int head = -1;
        for (int i = 0; i < IDS; i++) {
            struct id id = id_of(i);
            if (m->live[i]) CHECK(ready_is_in_lane(r, ready_get(r, &id)) == could_run(m, i));
            if (lane_of(i) != lane || !could_run(m, i)) continue;
            n++;
            if (head < 0 || is_before(m, i, head)) head = i;
        }
        CHECK_INT(ready_waiting(r, lane), n);
        const struct ready_entry *e = ready_head(r, lane);
        CHECK_INT(e ? e->id.b[15] : -1, head);
    }
}

static void check_keys(const struct ready *r, const struct model *m)
{
    for (uint32_t key = 0; key < r->n_keys; key++) {
        if (!r->keys[key].name.p) continue;
        uint32_t running = 0, ready = 0, held = 0;
        int last = -1;
        for (int i = 0; i < IDS; i++) {
            if (!m->live[i] || key_of(i) < 0 || (uint32_t)queue_of(i) != r->keys[key].queue) continue;
            if (!str_eq(str_of(key_names[key_of(i)]), ready_key_name(r, key))) continue;
            running += m->life[i].state == TASK_RUNNING;
            if (m->life[i].state != TASK_PENDING) continue;
            if (!could_run(m, i)) {
                held++;
                continue;
            }
            ready++;
            if (last < 0 || is_before(m, last, i)) last = i;
        }
        CHECK_INT(r->keys[key].running, running);
        CHECK_INT(r->keys[key].ready, ready);
        CHECK_INT(ready_key_held(r, key), held);
        const struct ready_entry *e = ready_key_last(r, key);
        CHECK_INT(e ? e->id.b[15] : -1, last);
    }
}

static void change_one(struct ready *r, struct model *m, struct rng *rng)
{
    int i = (int)rng_below(rng, IDS);
    struct id id = id_of(i);
    if (m->live[i] && rng_below(rng, 3) == 0) {
        ready_remove(r, &id);
        m->live[i] = false;
        return;
    }
    m->life[i] = any_life(rng);
    if (m->live[i]) ready_put(r, &id, lane_of(i), &m->life[i]);
    else ready_add(r, &id, lane_of(i), key_in(r, i), &m->life[i]);
    m->live[i] = true;
}

static void limit(struct ready *r, struct model *m, uint32_t queue, int n)
{
    r->queues[queue].declared_keys = n;
    ready_key_limit(r, queue);
    m->limit[queue] = n;
}

static uint32_t keys_with_a_name(const struct ready *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_keys; i++) n += r->keys[i].name.p != NULL;
    return n;
}

TEST(the_best_of_each_key_could_run_whatever_came_before_also_after_an_undo_and_under_another_limit)
{
    struct rng_seeded rng;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        rng_seeded_init(&rng, seed);
        struct ready r;
        struct model now = {.limit = {0}}, committed = now;
        stage(&r);
        for (int i = 0; i < 500; i++) {
            uint64_t what = rng_below(&rng.rng, 14);
            if (what == 0) {
                ready_commit(&r);
                committed = now;
            } else if (what == 1) {
                ready_undo(&r);
                for (int q = 0; q < QUEUES; q++) committed.limit[q] = now.limit[q]; /* a limit is not undone */
                now = committed;
            } else if (what == 2) {
                limit(&r, &now, (uint32_t)rng_below(&rng.rng, QUEUES), (int)rng_below(&rng.rng, 5));
            } else {
                change_one(&r, &now, &rng.rng);
            }
            check_lanes(&r, &now);
            check_keys(&r, &now);
        }
        ready_release(&r);
    }
}

static struct life pending(int32_t priority, int64_t at_ms)
{
    return (struct life){.state = TASK_PENDING, .run = 1, .rank = order_rank(priority, at_ms)};
}

TEST(a_key_that_holds_tasks_is_told_until_it_holds_none_any_more)
{
    struct ready r;
    struct model m = {.limit = {0}};
    stage(&r);
    limit(&r, &m, 0, 1);
    for (int i = 0; i < 3; i++) { /* all of one key */
        struct id id = id_of(i);
        struct life l = pending(0, NOW + i);
        ready_add(&r, &id, 0, ready_key_of(&r, 0, STR("ann")), &l);
        if (i == 0) CHECK_INT(ready_key_touched(&r), READY_NONE); /* it holds nothing */
    }
    uint32_t key = ready_key_touched(&r);
    CHECK(key != READY_NONE);
    CHECK_INT(ready_key_held(&r, key), 2);
    CHECK_INT(ready_key_last(&r, key)->id.b[15], 0);
    CHECK_INT(ready_key_touched(&r), READY_NONE);
    for (int i = 0; i < 2; i++) {
        struct id id = id_of(i);
        ready_remove(&r, &id);
        CHECK_INT(ready_key_touched(&r), key); /* the last of them to say that it is over */
        CHECK_INT(ready_key_held(&r, key), 1 - i);
    }
    struct id id = id_of(2);
    ready_remove(&r, &id);
    CHECK_INT(ready_key_touched(&r), READY_NONE);
    ready_commit(&r);
    CHECK_INT(keys_with_a_name(&r), 0);
    ready_release(&r);
}

TEST(a_key_without_tasks_goes_with_the_commit_and_its_place_is_used_again)
{
    struct ready r;
    stage(&r);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 50; i++) {
            char name[8];
            struct id id = id_of(i);
            struct life l = pending(0, NOW);
            snprintf(name, sizeof name, "k%d", i);
            ready_add(&r, &id, 0, ready_key_of(&r, 0, str_of(name)), &l);
        }
        CHECK_INT(keys_with_a_name(&r), 50);
        if (round == 1) {
            ready_undo(&r);
            CHECK_INT(keys_with_a_name(&r), 0);
            continue;
        }
        ready_commit(&r);
        for (int i = 0; i < 50; i++) {
            struct id id = id_of(i);
            ready_remove(&r, &id);
        }
        CHECK_INT(keys_with_a_name(&r), 50); /* an undo may need them */
        ready_commit(&r);
        CHECK_INT(keys_with_a_name(&r), 0);
        CHECK_INT(r.n_keys, 50);
    }
    (void)ready_key_of(&r, 0, STR("asked for, not used"));
    CHECK_INT(keys_with_a_name(&r), 1);
    ready_commit(&r);
    CHECK_INT(keys_with_a_name(&r), 0);
    ready_release(&r);
}

TEST(one_that_held_and_went_in_one_batch_is_still_told_of_and_goes_after)
{
    struct ready r;
    struct model m = {.limit = {0}};
    stage(&r);
    limit(&r, &m, 0, 1);
    for (int i = 0; i < 2; i++) {
        struct id id = id_of(i);
        struct life l = pending(0, NOW);
        ready_add(&r, &id, 0, ready_key_of(&r, 0, STR("ann")), &l);
    }
    ready_commit(&r);
    CHECK(ready_key_touched(&r) != READY_NONE);
    for (int i = 0; i < 2; i++) {
        struct id id = id_of(i);
        ready_remove(&r, &id);
    }
    ready_commit(&r);
    CHECK_INT(keys_with_a_name(&r), 1);
    uint32_t key = ready_key_touched(&r);
    CHECK(key != READY_NONE && ready_key_held(&r, key) == 0);
    ready_commit(&r);
    CHECK_INT(keys_with_a_name(&r), 0);
    ready_release(&r);
}

TEST(many_keys_that_hold_tasks_are_told_each_once_and_one_that_was_never_told_not_at_all)
{
    struct ready r;
    struct model m = {.limit = {0}};
    stage(&r);
    limit(&r, &m, 0, 1);
    for (int i = 0; i < 80; i++) { /* two of each of forty */
        char name[8];
        struct id id = id_of(i);
        struct life l = pending(0, NOW + i);
        snprintf(name, sizeof name, "k%d", i / 2);
        ready_add(&r, &id, 0, ready_key_of(&r, 0, str_of(name)), &l);
    }
    struct id id = id_of(79);
    ready_remove(&r, &id); /* before anybody heard of it */
    int told = 0;
    while (ready_key_touched(&r) != READY_NONE) told++;
    CHECK_INT(told, 39);
    ready_release(&r);
}

TEST(what_was_set_for_a_queue_counts_more_than_what_is_declared)
{
    struct ready r;
    struct model m = {.limit = {0}};
    stage(&r);
    limit(&r, &m, 0, 2);
    CHECK_INT(r.queues[0].key_limit, 2);
    r.queues[0].set.key_concurrency = 3;
    ready_key_limit(&r, 0);
    CHECK_INT(r.queues[0].key_limit, 3);
    limit(&r, &m, 0, 4);
    CHECK_INT(r.queues[0].key_limit, 3);
    r.queues[0].set.key_concurrency = 0;
    ready_key_limit(&r, 0);
    CHECK_INT(r.queues[0].key_limit, READY_NONE);
    r.queues[0].set.key_concurrency = -1;
    ready_key_limit(&r, 0);
    CHECK_INT(r.queues[0].key_limit, 4);
    ready_release(&r);
}

TEST(one_name_in_two_queues_is_two_keys)
{
    struct ready r;
    stage(&r);
    uint32_t one = ready_key_of(&r, 0, STR("ann")), two = ready_key_of(&r, 1, STR("ann"));
    CHECK(one != two);
    CHECK_INT(ready_key_of(&r, 0, STR("ann")), one);
    CHECK_INT(ready_key_of(&r, 0, STR_NONE), READY_NONE);
    CHECK_STR(ready_key_name(&r, two), "ann");
    struct id id = id_of(0), other = id_of(1);
    struct life life = life_begin(&(struct life_rules){.max_attempts = 1}, 1, 0, NOW);
    ready_add(&r, &id, 0, one, &life);
    ready_add(&r, &other, 0, READY_NONE, &life);
    CHECK(ready_key_is(&r, ready_get(&r, &id), STR("ann")));
    CHECK(!ready_key_is(&r, ready_get(&r, &id), STR("bob")) && !ready_key_is(&r, ready_get(&r, &id), STR_NONE));
    CHECK(!ready_key_is(&r, ready_get(&r, &other), STR("ann")));
    ready_release(&r);
}

TEST_MAIN
