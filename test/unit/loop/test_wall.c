/* SPDX-License-Identifier: Apache-2.0
 *
 * The watch on the wall clock. Where this process may, it sets that clock a nanosecond ahead; where it may not, only
 * that nobody is told is seen.
 */
#include "base/clock.h"
#include "loop/wall.h"
#include "test/test.h"
#include <errno.h>
#include <sys/timex.h>

#define GUARD_MS 20000

static struct turn turn;
static struct loop *loop;
static struct wall *wall;
static struct timer guard;
static int told;

static void on_set(struct wall_watch *w)
{
    (void)w;
    told++;
    turn_timer_stop(&turn, &guard);
}

static void on_guard(struct timer *t)
{
    (void)t;
}

static void begin(void)
{
    struct err e;
    told = 0;
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    CHECK_INT(wall_open(&wall, loop, &e), 0);
}

static void finish(void)
{
    wall_close(wall);
    loop_close(loop);
    turn_release(&turn);
}

TEST(a_watch_does_not_keep_the_loop_running)
{
    begin();
    loop_run(loop);
    CHECK_INT(told, 0);
    wall_close(NULL);
    finish();
}

TEST(a_clock_that_is_set_is_told_while_the_loop_sleeps)
{
    struct timex ahead = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {0, 1}};
    struct wall_watch watch;
    begin();
    turn_watch_wall(&turn, &watch, on_set);
    bool set = adjtimex(&ahead) >= 0;
    CHECK(set || errno == EPERM || errno == ENOSYS);
    turn_timer(&turn, &guard, set ? GUARD_MS : 0, on_guard);
    loop_run(loop);
    CHECK_INT(told > 0, set);
    turn_unwatch_wall(&watch);
    finish();
}

TEST_MAIN
