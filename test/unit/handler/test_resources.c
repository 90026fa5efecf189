/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools that share resources: who is started, who ends for it, who is given nothing more. The rules themselves are
 * test/unit/task/test_ration.c; here pools keep them.
 */
#include "resources_rig.h"

TEST(a_process_is_started_when_what_it_needs_is_free_and_not_before)
{
    struct err e;
    open_all(16, 12, 1);
    want(0, 1);
    CHECK_INT(fake.n, 1);
    CHECK_INT(used(), 16);
    want(1, 1);
    CHECK_INT(fake.n, 1); /* the first is starting for a task */
    CHECK_INT(waiting(1, &e), HANDLER_SCARCE);
    CHECK_STR(str_of(e.text), "vram: 8G of 24G free, needs 12G");
    rests(0, 0);
    CHECK(fake_was_sent(&fake, 0, "stop"));
    CHECK_INT(fake.n, 1); /* it holds what it has until it is dead */
    CHECK_INT(used(), 16);
    dies(0);
    CHECK_INT(fake.n, 2);
    CHECK_INT(used(), 12);
    CHECK_INT(waiting(1, &e), HANDLER_STARTING);
    close_all();
}

TEST(the_idle_one_that_was_used_least_recently_makes_room_whatever_its_keep_alive)
{
    open_all(8, 8, 16);
    confs[0].keep_alive_ms = confs[1].keep_alive_ms = -1;
    want(0, 1);
    rests(0, 0);
    want(1, 1);
    rests(1, 1);
    want(2, 1);
    CHECK(fake.children[0].input_closed && !fake.children[1].input_closed);
    dies(0);
    CHECK_INT(fake.n, 3);
    CHECK_INT(used(), 24);
    CHECK(strstr(fake.events.p, "a-1 is ended while it is idle, to make room for c"));
    close_all();
}

TEST(one_that_runs_something_is_not_ended)
{
    struct err e;
    open_all(16, 16, 1);
    want(0, 1);
    rests(0, 0);
    busy(0);
    want(1, 1);
    fake_pass(&fake, 20000);
    CHECK(!fake.children[0].input_closed);
    CHECK_INT(fake.n, 1);
    CHECK_INT(waiting(1, &e), HANDLER_SCARCE);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(h.n_verdicts, 1);
    fake_pass(&fake, 1);
    CHECK(fake.children[0].input_closed);
    dies(0);
    CHECK_INT(fake.n, 2);
    heard_release(&h);
    close_all();
}

TEST(one_that_always_has_more_to_do_gives_way_when_it_has_earned_its_start)
{
    open_all(16, 16, 1);
    want(0, 1);
    fake_pass(&fake, 5000); /* loading */
    fake_ready(&fake, 0);
    want(0, 9);
    want(1, 1);
    fake_pass(&fake, 19000);
    CHECK_INT(pools[0]->ops->room(pools[0]), 1); /* 5 s of loading are worth 20 s */
    busy(0);
    fake_pass(&fake, 2000);
    CHECK(!fake.children[0].input_closed);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(pools[0]->ops->room(pools[0]), 0); /* it is given nothing more, though tasks wait */
    fake_pass(&fake, 1);
    CHECK(fake.children[0].input_closed);
    dies(0);
    CHECK_INT(fake.n, 2);
    fake_ready(&fake, 1);
    CHECK_INT(pools[1]->ops->room(pools[1]), 1);
    heard_release(&h);
    close_all();
}

TEST(one_that_nobody_prefers_is_given_the_task_it_was_started_for_and_no_more)
{
    confs[0].prefer_warm = STRICTLY;
    open_all(16, 16, 1);
    want(0, 1);
    want(1, 1);
    fake_pass(&fake, 5000);
    fake_ready(&fake, 0);
    want(0, 9);
    fake_pass(&fake, 500); /* its claim is on the way */
    CHECK(!fake.children[0].input_closed);
    CHECK_INT(pools[0]->ops->room(pools[0]), 1);
    busy(0);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    want(0, 8);
    fake_pass(&fake, 1);
    CHECK(fake.children[0].input_closed);
    dies(0);
    CHECK_INT(fake.n, 2);
    heard_release(&h);
    close_all();
}

TEST(nobody_gives_way_any_more_when_nobody_waits_any_more)
{
    open_all(16, 16, 1);
    want(0, 1);
    rests(0, 0);
    busy(0);
    fake_pass(&fake, 10000);
    want(0, 5);
    want(1, 1);
    fake_pass(&fake, 10);
    fake.rooms = 0;
    want(1, 0); /* its task was cancelled */
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(pools[0]->ops->room(pools[0]), 1);
    CHECK(fake.rooms > 0 && !fake.children[0].input_closed);
    heard_release(&h);
    close_all();
}

TEST(the_pool_that_has_waited_longest_is_first_and_each_pool_waits_anew_after_each_start)
{
    struct err e;
    open_all(24, 12, 12);
    want(0, 1);
    want(1, 2);
    want(2, 1);
    CHECK_INT(fake.n, 1);
    rests(0, 0);
    dies(0);
    CHECK_INT(fake.n, 3); /* one of b, one of c; the second of b comes after them */
    CHECK_INT(waiting(1, &e), HANDLER_STARTING);
    CHECK_INT(waiting(2, &e), HANDLER_STARTING);
    CHECK_INT(used(), 24);
    close_all();
}

TEST(a_pool_that_has_what_it_can_have_does_not_wait_in_line_for_more)
{
    struct err e;
    open_all(16, 16, 1);
    want(0, 9); /* it would start two, and two do not fit */
    fake_ready(&fake, 0);
    CHECK_INT(fake.n, 1);
    busy(0);
    CHECK_INT(waiting(0, &e), HANDLER_BUSY);
    want(1, 1);
    fake_pass(&fake, 1000);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    heard_release(&h);
    fake_pass(&fake, 1);
    CHECK(fake.children[0].input_closed);
    dies(0);
    CHECK_INT(fake.n, 2);
    CHECK_INT(waiting(1, &e), HANDLER_STARTING);
    CHECK_INT(waiting(0, &e), HANDLER_SCARCE);
    close_all();
}

TEST(what_is_free_is_kept_for_whoever_has_waited_longer)
{
    struct err e;
    open_all(12, 16, 4);
    want(0, 1);
    want(1, 1);
    want(2, 1);
    CHECK_INT(fake.n, 1);
    CHECK_INT(waiting(2, &e), HANDLER_SCARCE);
    CHECK_STR(str_of(e.text), "vram: 12G of 24G free, needs 4G; another comes first");
    close_all();
}

TEST(one_that_loads_at_boot_makes_nobody_end_and_comes_back_when_there_is_room)
{
    confs[0].load_at_boot = confs[1].load_at_boot = true;
    open_all(10, 10, 24);
    CHECK_INT(fake.n, 2); /* of two places each, what fits */
    for (int i = 0; i < 2; i++) fake_ready(&fake, i);
    fake_pass(&fake, 10);
    CHECK(!fake.children[0].input_closed && !fake.children[1].input_closed);
    want(2, 1);
    CHECK(fake.children[0].input_closed && fake.children[1].input_closed);
    dies(0);
    CHECK_INT(fake.n, 2); /* what has become free is not taken again by those who are not needed */
    dies(1);
    CHECK_INT(fake.n, 3);
    rests(2, 2);
    CHECK(!fake.children[2].input_closed);
    fake_pass(&fake, 600000); /* its keep_alive */
    CHECK(fake.children[2].input_closed);
    dies(2);
    CHECK_INT(fake.n, 5);
    close_all();
}

TEST(when_there_is_less_than_before_idle_ones_end_and_nothing_is_started_until_it_fits)
{
    open_all(8, 8, 4);
    want(0, 1);
    rests(0, 0);
    want(1, 1);
    rests(1, 1);
    static struct ration_amount less[] = {{"vram", 10 * G, true}, {0}};
    resources_change(&resources, less);
    want(2, 1);
    CHECK(fake.children[0].input_closed && fake.children[1].input_closed);
    CHECK(strstr(fake.events.p, "a-1 is ended while it is idle"));
    CHECK_INT(fake.n, 2);
    dies(0);
    CHECK_INT(fake.n, 2);
    dies(1);
    CHECK_INT(fake.n, 3);
    close_all();
}

TEST(one_that_is_to_end_after_its_task_is_not_waited_for_while_another_is_idle)
{
    struct err e;
    open_all(12, 12, 12);
    want(0, 1);
    rests(0, 0);
    want(1, 1);
    rests(1, 1);
    busy(0);
    CHECK_INT(pools[0]->ops->control(pools[0], STR("a-1"), HANDLER_RECYCLE, &e), 0);
    want(2, 1);
    CHECK(!fake.children[0].input_closed && fake.children[1].input_closed);
    dies(1);
    CHECK_INT(fake.n, 3);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    heard_release(&h);
    close_all();
}

TEST(a_start_that_fails_gives_back_what_it_took)
{
    open_all(24, 24, 1);
    fake.start_error = ERR_IO;
    want(0, 1);
    CHECK_INT(used(), 0);
    fake.start_error = 0;
    want(1, 1);
    CHECK_INT(fake.n, 1);
    CHECK_INT(used(), 24);
    close_all();
}

TEST_MAIN
