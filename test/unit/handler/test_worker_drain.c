/* SPDX-License-Identifier: Apache-2.0
 *
 * Draining a pool, in every state of a worker.
 */
#include "pool_rig.h"

static void drain_now(void)
{
    struct err e;
    pool->ops->drain(pool, fake_on_drained, &fake);
    CHECK_INT(fake.drained, 0); /* never from inside */
    CHECK_INT(pool->ops->room(pool), 0);
    struct heard other;
    heard_init(&other, pool, 99, "{}");
    CHECK_INT(pool->ops->start(pool, &(struct attempt *){&other.attempt}, 1, &e), ERR_DRAINING);
    heard_release(&other);
    fake_run(&fake);
}

TEST(drain_when_off)
{
    pool_conf();
    pool_open();
    drain_now();
    CHECK_INT(fake.drained, 1);
    pool_want(5);
    CHECK_INT(fake.n, 0);
    pool_close();
}

TEST(drain_while_starting)
{
    pool_conf();
    pool_open();
    pool_want(1);
    drain_now();
    CHECK_INT(fake.children[0].terms, 1);
    CHECK(fake.children[0].input_closed);
    fake_ready(&fake, 0); /* too late */
    CHECK_INT(pool->ops->room(pool), 0);
    CHECK_INT(fake.drained, 0);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.drained, 1);
    CHECK_INT(fake.n, 1);
    pool_close();
}

TEST(drain_while_starting_and_deaf_kills_after_5_s)
{
    pool_conf();
    pool_open();
    pool_want(1);
    drain_now();
    fake_pass(&fake, 4999);
    CHECK_INT(fake.drained, 0);
    fake_pass(&fake, 1);
    CHECK_INT(fake.drained, 1);
    pool_close();
}

TEST(drain_when_idle)
{
    pool_conf();
    pool_open_ready();
    drain_now();
    CHECK(fake_was_sent(&fake, 0, "{\"op\":\"stop\"}\n"));
    CHECK_INT(fake.drained, 0);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.drained, 1);
    pool_close();
}

TEST(drain_when_busy_waits_for_the_task)
{
    pool_open_busy();
    drain_now();
    CHECK_STATE("stopping");
    fake_pass(&fake, 3600000);
    CHECK(!fake.children[0].input_closed);
    fake_about(&fake, 0, &h, "done", ",\"result\":1");
    CHECK_INT(h.event, LIFE_DONE);
    CHECK(fake.children[0].input_closed);
    CHECK_INT(fake.drained, 0);
    fake_exits(&fake, 0, 0);
    CHECK_INT(fake.drained, 1);
    pool_close_busy();
}

TEST(drain_when_busy_and_then_stopped)
{
    pool_open_busy();
    drain_now();
    pool_stop(&h, STOP_SHUTDOWN);
    fake_pass(&fake, 10000);
    CHECK_INT(h.event, LIFE_RELEASED);
    CHECK_INT(fake.drained, 1);
    pool_close_busy();
}

TEST(drain_when_busy_and_it_dies_or_writes_junk)
{
    for (int junk = 0; junk <= 1; junk++) {
        pool_open_busy();
        drain_now();
        if (junk)
            fake_frame(&fake, 0, "junk");
        else
            fake_exits(&fake, 0, 1);
        CHECK_INT(h.event, LIFE_CRASHED);
        CHECK_INT(fake.drained, 1);
        CHECK_STATE("off");
        pool_close_busy();
    }
}

TEST(drain_while_stopping)
{
    pool_conf();
    pool_open_ready();
    fake_pass(&fake, 600000);
    CHECK_STATE("stopping");
    drain_now();
    CHECK_INT(fake.drained, 0);
    fake_pass(&fake, 10000);
    CHECK_INT(fake.drained, 1);
    pool_close();
}

TEST(drain_in_backoff_and_when_broken)
{
    for (int failures = 1; failures <= 5; failures += 4) {
        pool_conf();
        pool_open();
        pool_want(1);
        for (int i = 1; i < failures; i++) pool_fail_and_measure();
        fake_exits(&fake, fake.n - 1, 1);
        CHECK_STATE(failures == 5 ? "broken" : "backoff");
        drain_now();
        CHECK_INT(fake.drained, 1);
        int n = fake.n;
        fake_pass(&fake, 3600000);
        CHECK_INT(fake.n, n);
        pool_close();
    }
}

TEST_MAIN
