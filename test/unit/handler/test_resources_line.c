/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools that wait for one another, and for tasks of unlike priority: whose turn it is, and who gives way to whom.
 */
#include "resources_rig.h"

TEST(the_pool_with_the_most_urgent_task_is_first_though_others_have_waited_longer)
{
    struct err e;
    open_all(24, 12, 16);
    want(0, 1);
    want(1, 1);
    want(2, 1);
    fake_pass(&fake, 1000);
    want_urgently(2, 1, 10); /* it waited before, for something else */
    rests(0, 0);
    CHECK(strstr(fake.events.p, "a-1 is ended while it is idle, to make room for c"));
    dies(0);
    CHECK_INT(fake.n, 2);
    CHECK_INT(waiting(2, &e), HANDLER_STARTING);
    CHECK_INT(waiting(1, &e), HANDLER_SCARCE);
    close_all();
}

TEST(whoever_has_waited_long_enough_is_not_passed_over_by_what_is_more_urgent)
{
    struct err e;
    open_all(24, 16, 16);
    want(0, 1);
    want(1, 1);
    fake_pass(&fake, 2 * RATION_STEP_MS);
    want_urgently(2, 1, 1);
    rests(0, 0);
    dies(0);
    CHECK_INT(waiting(1, &e), HANDLER_STARTING);
    CHECK_INT(waiting(2, &e), HANDLER_SCARCE);
    close_all();
}

TEST(a_process_with_less_urgent_tasks_gives_way_at_once_and_one_with_more_urgent_ones_goes_on)
{
    open_all(16, 16, 1);
    want(0, 1);
    fake_pass(&fake, 5000);
    fake_ready(&fake, 0);
    want(0, 9);
    busy(0);
    want_urgently(1, 1, 1);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(pools[0]->ops->room(pools[0]), 0); /* 5 s of loading would be worth 20 s */
    heard_release(&h);
    fake_pass(&fake, 1);
    dies(0);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    want_urgently(1, 9, 1);
    busy(1);
    fake_about(&fake, 1, &h, "done", ",\"result\":1");
    heard_release(&h);
    want_urgently(1, 8, 1);
    fake_pass(&fake, RATION_STEP_MS - 1000);
    CHECK_INT(pools[1]->ops->room(pools[1]), 1);
    fake_pass(&fake, 1000); /* the first has waited as long as that is worth */
    CHECK(fake.children[1].input_closed);
    dies(1);
    CHECK_INT(fake.n, 3);
    close_all();
}

static void is_given(int pool, struct heard *task, int number)
{
    struct err e = {0};
    heard_init(task, pools[pool], number, "{}");
    CHECK_INT(pools[pool]->ops->start(pools[pool], &(struct attempt *){&task->attempt}, 1, &e), 0);
}

/* As dispatch does. */
static void want_both(struct later *l)
{
    (void)l;
    for (int i = 0; i < 2; i++) pools[i]->ops->want(pools[i], 1, 0);
}

static void on_room(struct handler *of)
{
    static struct later soon;
    if (!soon.link.next) list_init(&soon.link);
    (void)of;
    turn_later(&fake.turn, &soon, want_both);
}

/* A process that gives way has no room, so that its pool asks for another one, for which the other one gives way. */
TEST(two_that_would_give_way_to_one_another_for_ever_both_go_on)
{
    struct heard tasks[3];
    confs[0].prefer_warm = confs[1].prefer_warm = STRICTLY;
    open_all(12, 12, 1);
    for (int i = 0; i < 2; i++) {
        want(i, 1);
        fake_frame(&fake, i, "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":2}");
        is_given(i, &tasks[i], i);
        want(i, 0);
    }
    is_given(0, &tasks[2], 2);
    fake_pass(&fake, 60000);
    want(0, 1);
    CHECK(pools[0]->ops->room(pools[0]) == 0 && pools[1]->ops->room(pools[1]) == 0);
    pools[0]->on_room = pools[1]->on_room = on_room;
    pools[1]->ops->want(pools[1], 1, 0);
    fake_about(&fake, 0, &tasks[2], "done", ",\"result\":1");
    for (int i = 0; i < 20; i++) fake_run(&fake);
    CHECK(turn_next_ms(&fake.turn) != 0);
    CHECK(pools[0]->ops->room(pools[0]) == 1 && pools[1]->ops->room(pools[1]) == 1);
    pools[0]->on_room = pools[1]->on_room = NULL;
    for (int i = 0; i < 2; i++) want(i, 0), fake_about(&fake, i, &tasks[i], "done", ",\"result\":1");
    close_all();
    for (int i = 0; i < 3; i++) heard_release(&tasks[i]);
}

TEST_MAIN
