/* SPDX-License-Identifier: Apache-2.0
 *
 * Of two tasks with one key: the one that gives way, and the one that is blocked until it has ended. And blocked ones as such.
 */
#include "life_rig.h"
#include "task/order.h"

static struct life_outcome step(struct life *l, enum life_event event, int64_t now_ms)
{
    struct life_input in = {.event = event, .now_ms = now_ms, .fence = FENCE, .retryable = true};
    struct life_outcome out;
    CHECK_INT(life_step(l, &rules, &in, &out), 0);
    return out;
}

TEST(one_that_gives_way_says_so_unless_it_was_cancelled_before)
{
    static const enum task_state waiting[] = {TASK_BLOCKED, TASK_SCHEDULED, TASK_PENDING};
    for (int i = 0; i < 3; i++) {
        struct life l = standing(waiting[i]);
        l.keyed = true;
        struct life_outcome out = step(&l, LIFE_REPLACE, NOW);
        CHECK(l.state == TASK_CANCELLED && out.failure == FAILURE_REPLACED && l.cancel_requested);
        CHECK(!l.keyed && !l.replaced); /* endings hold nothing */
    }
    for (int e = LIFE_DONE; e < LIFE_CLAIM; e++) {
        for (int before = 0; before < 2; before++) {
            struct life l = standing(TASK_RUNNING);
            if (before) step(&l, LIFE_CANCEL, NOW);
            CHECK_INT(step(&l, LIFE_REPLACE, NOW).changed, !before);
            CHECK(l.cancel_requested && l.replaced == !before);
            CHECK(!step(&l, LIFE_REPLACE, NOW).changed);
            CHECK(!step(&l, LIFE_CANCEL, NOW).changed);
            struct life_outcome out = step(&l, (enum life_event)e, NOW);
            CHECK_INT(l.state, e == LIFE_DONE ? TASK_COMPLETED : TASK_CANCELLED);
            CHECK_INT(out.failure, e == LIFE_DONE ? FAILURE_NONE : before ? FAILURE_CANCELLED : FAILURE_REPLACED);
        }
    }
}

TEST(one_that_is_blocked_has_its_place_from_when_it_is_not_any_more)
{
    struct life l = life_begin_blocked(&rules, 1, NOW - 50);
    CHECK(l.state == TASK_BLOCKED && l.due_at_ms == 0 && l.run == 1);
    struct life later = l;
    CHECK(step(&l, LIFE_UNBLOCK, NOW).changed);
    CHECK_INT(l.state, TASK_PENDING);
    CHECK_INT(l.rank, order_rank(5, NOW));
    struct life_input in = {.event = LIFE_UNBLOCK, .now_ms = NOW, .run_at_ms = NOW + 7};
    struct life_outcome out;
    CHECK_INT(life_step(&later, &rules, &in, &out), 0);
    CHECK(later.state == TASK_SCHEDULED && later.due_at_ms == NOW + 7 && !out.ended);
    struct life_rules late = rules;
    late.start_by_ms = NOW;
    l = life_begin_blocked(&late, 1, NOW - 10);
    CHECK_INT(life_next_ms(&l), NOW + 1);
    CHECK(step(&l, LIFE_EXPIRE, NOW + 1).ended);
}

TEST(another_time_leaves_a_blocked_task_blocked_and_gives_it_its_place)
{
    struct life l = standing(TASK_BLOCKED);
    struct life_outcome out;
    struct life_input in = {.event = LIFE_REPLAN, .now_ms = NOW, .run_at_ms = NOW + 5000};
    CHECK_INT(life_step(&l, &rules, &in, &out), 0);
    CHECK_INT(l.state, TASK_BLOCKED);
    CHECK_INT(l.due_at_ms, 0);
    CHECK_INT(l.rank, order_rank(5, NOW + 5000));
    CHECK(out.changed);
}

TEST(one_that_followed_goes_on_from_its_place_unless_it_has_a_time_of_its_own)
{
    for (int later = 0; later < 2; later++) {
        struct life l = standing(TASK_BLOCKED), was = l;
        l.follows = l.woken = true;
        CHECK_INT(life_next_ms(&l), 1);
        struct life_outcome out;
        struct life_input in = {.event = LIFE_UNBLOCK, .now_ms = NOW, .run_at_ms = later ? NOW + 5000 : 0};
        CHECK_INT(life_step(&l, &rules, &in, &out), 0);
        CHECK(out.changed && !l.follows && !l.woken);
        CHECK_INT(l.state, later ? TASK_SCHEDULED : TASK_PENDING);
        CHECK_INT(l.rank, later ? order_rank(5, NOW + 5000) : was.rank);
        CHECK_INT(life_next_ms(&l), later ? NOW + 5000 : INT64_MAX);
    }
}

TEST_MAIN
