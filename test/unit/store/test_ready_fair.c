/* SPDX-License-Identifier: Apache-2.0
 *
 * Fair ranks of the index: who comes first when keys take turns, with what the index has to say about each.
 */
#include "store/ready_fair.h"
#include "store/ready_key.h"
#include "task/order.h"
#include "test.h"

#define NOW INT64_C(1700000000000)
#define TURN ORDER_FAIR_TASK

enum { LANE, OTHER_LANE, OTHER_QUEUE };

static struct ready r;

static struct id id_of(int i)
{
    struct id id = {{0}};
    id.b[14] = (uint8_t)(i >> 8);
    id.b[15] = (uint8_t)i;
    return id;
}

static void stage(int32_t fair)
{
    ready_init(&r);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("t"), STR_NONE), LANE);
    CHECK_INT(ready_lane_of(&r, STR("q"), STR("u"), STR_NONE), OTHER_LANE);
    CHECK_INT(ready_lane_of(&r, STR("r"), STR("t"), STR_NONE), OTHER_QUEUE);
    r.queues[0].set.fair = fair;
    ready_fair_settle(&r, 0, NOW);
}

static struct life life_of(enum task_state state, int32_t priority, int64_t at_ms)
{
    struct life l = {.state = state, .run = 1, .rank = order_rank(priority, at_ms), .eligible_at_ms = at_ms};
    if (state == TASK_SCHEDULED) l.due_at_ms = at_ms;
    return l;
}

static int64_t start_of(int i)
{
    struct id id = id_of(i);
    return order_eligible_ms(ready_get(&r, &id)->life.rank) - NOW;
}

/* One more task; where it starts, from NOW. */
static int64_t add(int i, uint32_t lane, struct str key, struct life l)
{
    struct id id = id_of(i);
    uint32_t k = ready_fair_key(&r, r.lanes[lane].queue, key);
    if (k != READY_NONE) ready_fair_place(&r, lane, k, &l, NOW);
    ready_add(&r, &id, lane, k, &l);
    ready_commit(&r);
    return start_of(i);
}

static int64_t wait(int i, uint32_t lane, struct str key) { return add(i, lane, key, life_of(TASK_PENDING, 0, NOW)); }

static void become(int i, enum task_state state, int64_t rank)
{
    struct id id = id_of(i);
    const struct ready_entry *e = ready_get(&r, &id);
    struct life l = e->life;
    uint32_t lane = e->lane;
    l.state = state;
    l.rank = rank ? rank : l.rank;
    l.due_at_ms = state == TASK_SCHEDULED ? NOW : 0;
    ready_fair_replace(&r, lane, &id, &l, NOW);
    ready_put(&r, &id, lane, &l);
    if (state == TASK_RUNNING) ready_fair_started(&r, lane, &id);
    ready_commit(&r);
}

TEST(without_it_a_task_has_the_rank_of_its_age_and_no_key_but_its_own)
{
    stage(0);
    CHECK_INT(wait(1, LANE, STR("a")), 0);
    CHECK_INT(wait(2, LANE, STR("a")), 0);
    CHECK(ready_fair_key(&r, 0, STR_NONE) == READY_NONE);
    become(1, TASK_RUNNING, 0);
    become(1, TASK_PENDING, order_rank(0, NOW + 5));
    CHECK_INT(start_of(1), 5);
    CHECK(!ready_fair_moved(&r, 0));
    ready_release(&r);
}

TEST(tasks_of_one_key_come_one_turn_apart_in_each_priority)
{
    stage(1);
    for (int i = 0; i < 4; i++) CHECK_INT(wait(i, LANE, STR("a")), i * TURN);
    CHECK_INT(wait(10, LANE, STR("b")), 0);
    CHECK_INT(wait(11, OTHER_LANE, STR("b")), TURN);
    CHECK_INT(add(12, LANE, STR("a"), life_of(TASK_PENDING, 3, NOW)), 0);
    CHECK_INT(add(13, LANE, STR("a"), life_of(TASK_PENDING, -3, NOW)), 0);
    CHECK_INT(add(14, LANE, STR("a"), life_of(TASK_SCHEDULED, 0, NOW + 99)), 99); /* its turn comes with its time */
    CHECK_INT(wait(20, LANE, STR_NONE), 0);
    CHECK_INT(wait(21, LANE, STR_NONE), TURN);
    CHECK_INT(wait(30, OTHER_QUEUE, STR("a")), 0);
    CHECK(ready_fair_moved(&r, 0) && !ready_fair_moved(&r, 1));
    uint32_t a = ready_key_of(&r, 0, STR("a"));
    struct id first = id_of(12);
    CHECK(id_cmp(&ready_key_first(&r, a)->id, &first) == 0);
    ready_release(&r);
}

TEST(what_is_given_back_keeps_its_turn_and_what_is_tried_again_has_another)
{
    stage(1);
    for (int i = 0; i < 3; i++) (void)wait(i, LANE, STR("a"));
    become(1, TASK_RUNNING, 0);
    become(0, TASK_RUNNING, 0); /* what it has had is not less by that */
    become(0, TASK_PENDING, 0);
    CHECK_INT(start_of(0), 0);
    become(0, TASK_PENDING, 0);
    CHECK_INT(start_of(0), 0);
    become(1, TASK_SCHEDULED, order_rank(0, NOW));
    become(1, TASK_PENDING, 0);
    CHECK_INT(start_of(1), 3 * TURN);
    become(0, TASK_PENDING, order_rank(0, NOW + 1)); /* another time was asked for */
    CHECK_INT(start_of(0), 4 * TURN);
    become(2, TASK_RUNNING, 0);
    become(2, TASK_PENDING, order_rank(0, NOW + 1));
    CHECK_INT(start_of(2), 5 * TURN);
    ready_release(&r);
}

TEST(a_key_that_has_only_what_runs_has_had_its_turn_and_one_without_any_is_new)
{
    stage(1);
    (void)wait(0, LANE, STR("a"));
    (void)wait(1, LANE, STR("b"));
    become(0, TASK_RUNNING, 0);
    CHECK_INT(wait(2, LANE, STR("a")), TURN);
    struct id ids[] = {id_of(0), id_of(2)};
    for (int i = 0; i < 2; i++) ready_remove(&r, &ids[i]); /* not committed: its key is still there */
    CHECK(wait(3, LANE, STR("a")) < TURN);
    CHECK(ready_key_first(&r, ready_key_of(&r, 0, STR("nobody"))) == NULL);
    ready_release(&r);
}

TEST(the_clock_goes_on_from_the_walls_when_nothing_waits_or_runs)
{
    stage(1);
    r.queues[0].fair_clock = NOW - 5000;
    CHECK_INT(wait(0, LANE, STR("a")), 0);
    r.queues[0].fair_clock = NOW - 7;
    CHECK_INT(wait(1, LANE, STR("b")), -7);
    for (int i = 0; i < 2; i++) become(i, TASK_SCHEDULED, 0);
    r.queues[0].fair_clock = NOW + 5000;
    CHECK_INT(wait(2, LANE, STR("c")), 5000);
    ready_release(&r);
}

static void load(int i, uint32_t lane, struct str key, enum task_state state, int64_t start)
{
    struct id id = id_of(i);
    struct life l = life_of(state, 0, NOW + start);
    l.eligible_at_ms = NOW;
    if (state == TASK_SCHEDULED) l.eligible_at_ms = NOW + start;
    ready_load(&r, &id, lane, ready_key_of(&r, r.lanes[lane].queue, key), &l);
}

TEST(turns_are_given_anew_when_a_queue_becomes_fair_and_ages_when_it_ceases_to_be)
{
    stage(0);
    load(0, LANE, STR("a"), TASK_RUNNING, -10);
    for (int i = 1; i < 100; i++) load(i, LANE, STR("a"), TASK_PENDING, 0);
    load(100, OTHER_LANE, STR_NONE, TASK_PENDING, 0);
    load(101, LANE, STR("b"), TASK_PENDING, 5);
    load(102, LANE, STR("b"), TASK_SCHEDULED, 50);
    load(103, LANE, STR_NONE, TASK_RUNNING, 90);
    load(104, OTHER_QUEUE, STR("a"), TASK_PENDING, 7);
    load(105, OTHER_QUEUE, STR_NONE, TASK_PENDING, 7);
    load(106, LANE, STR("gone"), TASK_PENDING, 0);
    load(107, LANE, STR("gone, too"), TASK_PENDING, 0);
    struct id gone[] = {id_of(106), id_of(107)};
    for (int i = 0; i < 2; i++) ready_remove(&r, &gone[i]);
    ready_commit(&r);
    r.queues[0].set.fair = -1;
    r.queues[0].declared_fair = true;
    ready_fair_settle(&r, 0, NOW);
    for (int i = 2; i < 100; i++) CHECK_INT(start_of(i) - start_of(i - 1), TURN);
    CHECK(start_of(101) < start_of(1) && start_of(100) > start_of(101)); /* who has one at work has had a turn */
    CHECK(start_of(0) == -10 && start_of(103) == 90 && start_of(102) == 50 && start_of(104) == 7);
    int64_t before = start_of(50);
    ready_fair_settle(&r, 0, NOW + 1000);
    CHECK_INT(start_of(50), before); /* once is enough */
    r.queues[0].set.fair = 0;
    ready_fair_settle(&r, 0, NOW);
    for (int i = 0; i < 102; i++) CHECK_INT(start_of(i), 0);
    CHECK(start_of(102) == 50 && start_of(103) == 0 && start_of(104) == 7);
    ready_fair_settle(&r, 1, NOW); /* whose rows say turns, and which is not fair */
    CHECK(start_of(104) == 0 && start_of(105) == 0 && ready_fair_moved(&r, 1));
    ready_release(&r);
}

TEST(an_undo_leaves_turns_as_they_were)
{
    stage(1);
    for (int i = 0; i < 3; i++) (void)wait(i, LANE, STR("a"));
    struct id ids[] = {id_of(0), id_of(1), id_of(2)}, more = id_of(3);
    struct life l = life_of(TASK_PENDING, 0, NOW);
    uint32_t key = ready_fair_key(&r, 0, STR("a"));
    ready_fair_place(&r, LANE, key, &l, NOW);
    ready_add(&r, &more, LANE, key, &l);
    for (int i = 0; i < 3; i++) ready_remove(&r, &ids[i]);
    ready_undo(&r);
    for (int i = 0; i < 3; i++) CHECK_INT(start_of(i), i * TURN);
    CHECK_INT(wait(3, LANE, STR("a")), 3 * TURN);
    ready_release(&r);
}

TEST(a_limit_of_keys_is_none_for_tasks_without_one)
{
    stage(1);
    r.queues[0].set.key_concurrency = 1;
    ready_key_limit(&r, 0);
    for (int i = 0; i < 3; i++) (void)wait(i, LANE, STR("a")), (void)wait(10 + i, LANE, STR_NONE);
    CHECK_INT(ready_waiting(&r, LANE), 4);
    ready_release(&r);
}

TEST_MAIN
