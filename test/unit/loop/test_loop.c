/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop and the turn: timers and laters happen, the loop ends when nothing is left, and it sleeps in between.
 */
#include "loop/loop.h"
#include "loop/signal.h"
#include "test/test.h"
#include <signal.h>
#include <unistd.h>

struct counting_clock { /* the real clock, counting how often it is looked at */
    struct clock clock;
    int looks;
};

static int64_t real_mono(const struct clock *c)
{
    CONTAINER_OF((struct clock *)c, struct counting_clock, clock)->looks++;
    return clock_mono_ms(&clock_system);
}

static struct fixture {
    struct counting_clock clock;
    struct turn turn;
    struct loop *loop;
    struct timer timer, second;
    struct later later;
    int fired, put_off, signals;
} f;

static void begin(void)
{
    f = (struct fixture){.clock = {{real_mono, real_mono}, 0}};
    struct err e;
    turn_init(&f.turn, &f.clock.clock, rng_system());
    list_init(&f.later.link);
    CHECK_INT(loop_open(&f.loop, &f.turn, &e), 0);
    CHECK(loop_turn(f.loop) == &f.turn);
}

static void end(void)
{
    loop_close(f.loop);
    turn_release(&f.turn);
}

static void on_due(struct timer *t)
{
    (void)t;
    f.fired++;
}

static void on_later(struct later *l)
{
    (void)l;
    f.put_off++;
}

static void on_due_put_off(struct timer *t)
{
    f.fired++;
    if (f.fired < 3) turn_timer(&f.turn, t, 5, on_due_put_off);
    turn_later(&f.turn, &f.later, on_later);
}

static void on_due_stop(struct timer *t)
{
    (void)t;
    f.fired++;
    loop_stop(f.loop);
}

TEST(the_loop_returns_at_once_when_there_is_nothing_to_wait_for)
{
    begin();
    loop_run(f.loop);
    loop_run(f.loop);
    end();
}

TEST(laters_and_timers_happen_and_then_the_loop_returns)
{
    begin();
    turn_later(&f.turn, &f.later, on_later);
    loop_run(f.loop);
    CHECK_INT(f.put_off, 1);
    int64_t start_ms = clock_mono_ms(&clock_system);
    turn_timer(&f.turn, &f.timer, 30, on_due_put_off);
    loop_run(f.loop);
    CHECK_INT(f.fired, 3);
    CHECK_INT(f.put_off, 4);
    CHECK(clock_mono_ms(&clock_system) - start_ms >= 40);
    end();
}

TEST(a_timer_that_is_moved_earlier_or_stopped_is_believed)
{
    begin();
    turn_timer(&f.turn, &f.timer, 3600 * 1000, on_due);
    turn_timer(&f.turn, &f.second, 10, on_due);
    turn_timer(&f.turn, &f.timer, 5, on_due);
    loop_run(f.loop);
    CHECK_INT(f.fired, 2);
    turn_timer(&f.turn, &f.timer, 3600 * 1000, on_due);
    turn_timer_stop(&f.turn, &f.timer);
    loop_run(f.loop);
    CHECK_INT(f.fired, 2);
    end();
}

TEST(stop_ends_the_run_although_something_is_left)
{
    begin();
    turn_timer(&f.turn, &f.timer, 1, on_due_stop);
    turn_timer(&f.turn, &f.second, 3600 * 1000, on_due);
    loop_run(f.loop);
    CHECK_INT(f.fired, 1);
    turn_timer_stop(&f.turn, &f.second);
    end();
}

TEST(the_loop_sleeps_while_nothing_is_due)
{
    begin();
    turn_timer(&f.turn, &f.timer, 200, on_due);
    loop_run(f.loop);
    CHECK_INT(f.fired, 1);
    CHECK(f.clock.looks < 60); /* some at the start, some at the end; polling would be thousands */
    end();
}

static void on_signal(void *owner, int signum)
{
    CHECK(owner == &f && signum == SIGUSR1);
    f.signals++;
    loop_stop(f.loop);
}

TEST(a_signal_reaches_the_loop_and_a_watch_does_not_keep_it_running)
{
    struct signal_watch *w;
    struct err e = {0};
    begin();
    CHECK_INT(signal_open(&w, f.loop, SIGUSR1, on_signal, &f, &e), 0);
    loop_run(f.loop);
    CHECK_INT(f.signals, 0);
    turn_timer(&f.turn, &f.timer, 10000, on_due_stop);
    kill(getpid(), SIGUSR1);
    loop_run(f.loop);
    CHECK_INT(f.signals, 1);
    CHECK_INT(f.fired, 0);
    turn_timer_stop(&f.turn, &f.timer);
    signal_close(w);
    signal_close(NULL);
    CHECK_INT(signal_open(&w, f.loop, SIGKILL, on_signal, &f, &e), ERR_INVALID);
    CHECK(strstr(e.text, "signal") != NULL);
    end();
}

TEST_MAIN
