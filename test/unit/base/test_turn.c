/* SPDX-License-Identifier: Apache-2.0
 *
 * Timers and the turn, under a clock of our own.
 */
#include "test.h"

#include "base/turn.h"

static int64_t now_ms;
static int64_t fake_ms(const struct clock *c)
{
    (void)c;
    return now_ms;
}
static const struct clock fake_clock = {fake_ms, fake_ms};

static struct turn turn;
static char trace[256];

static void start(void)
{
    now_ms = 1000;
    trace[0] = '\0';
    turn_init(&turn, &fake_clock, NULL);
}

static void note(char c)
{
    size_t len = strlen(trace);
    if (len + 1 < sizeof trace) trace[len] = c, trace[len + 1] = '\0';
}

struct named {
    struct timer timer;
    struct later later;
    struct named *other;
    char name;
    int left;
};

static struct named *of_timer(struct timer *t) { return CONTAINER_OF(t, struct named, timer); }
static struct named *of_later(struct later *l) { return CONTAINER_OF(l, struct named, later); }
static void on_due(struct timer *t) { note(of_timer(t)->name); }
static void on_later(struct later *l) { note(of_later(l)->name); }
static void on_next_again(struct later *l)
{
    on_later(l);
    turn_next(&turn, l, on_next_again);
}

TEST(timers_run_in_order_of_due_time_and_equal_ones_in_order_of_setting)
{
    struct named a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'};
    start();
    turn_timer(&turn, &a.timer, 30, on_due);
    turn_timer(&turn, &b.timer, 20, on_due);
    turn_timer(&turn, &c.timer, 20, on_due);
    turn_timer(&turn, &d.timer, 10, on_due);
    CHECK_INT(turn_next_ms(&turn), 10);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "");
    now_ms = 1020;
    CHECK_INT(turn_next_ms(&turn), 0);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "dbc");
    CHECK_INT(turn_next_ms(&turn), 10);
    CHECK(timer_is_set(&a.timer) && !timer_is_set(&b.timer));
    now_ms = 5000;
    turn_run(&turn);
    CHECK_STR(str_of(trace), "dbca");
    CHECK_INT(turn_next_ms(&turn), -1);
    turn_release(&turn);
}

TEST(a_timer_set_again_moves_and_one_stopped_is_silent)
{
    struct named a = {.name = 'a'}, b = {.name = 'b'};
    start();
    turn_timer(&turn, &a.timer, 10, on_due);
    turn_timer(&turn, &b.timer, 10, on_due);
    turn_timer(&turn, &a.timer, 50, on_due);
    turn_timer_stop(&turn, &b.timer);
    turn_timer_stop(&turn, &b.timer);
    now_ms = 1049;
    turn_run(&turn);
    CHECK_STR(str_of(trace), "");
    CHECK_INT(turn_next_ms(&turn), 1);
    now_ms = 1050;
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a");
    turn_release(&turn);
}

static void on_due_stops_other(struct timer *t)
{
    note(of_timer(t)->name);
    turn_timer_stop(&turn, &of_timer(t)->other->timer);
}

TEST(a_timer_may_stop_another_that_is_due_as_well)
{
    struct named b = {.name = 'b'}, a = {.name = 'a', .other = &b};
    start();
    turn_timer(&turn, &a.timer, 1, on_due_stops_other);
    turn_timer(&turn, &b.timer, 1, on_due);
    now_ms = 2000;
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a");
    turn_release(&turn);
}

static void on_due_again(struct timer *t)
{
    struct named *n = of_timer(t);
    note(n->name);
    if (n->left-- > 0) timer_set(&turn.timers, t, INT64_MIN, on_due_again);
}

TEST(a_timer_set_for_the_past_by_a_callback_waits_for_the_next_run)
{
    struct named a = {.name = 'a', .left = 2}, b = {.name = 'b'};
    start();
    turn_timer(&turn, &a.timer, 1, on_due_again);
    turn_timer(&turn, &b.timer, 5, on_due);
    now_ms = 1010;
    timers_run(&turn.timers, now_ms);
    CHECK_STR(str_of(trace), "ab"); /* b was not starved by a */
    CHECK(timers_next(&turn.timers) <= now_ms);
    timers_run(&turn.timers, now_ms);
    CHECK_STR(str_of(trace), "aba");
    turn_run(&turn);
    CHECK_STR(str_of(trace), "abaa");
    turn_release(&turn);
}

TEST(a_far_time_does_not_wrap)
{
    struct named a = {.name = 'a'};
    start();
    turn_timer(&turn, &a.timer, INT64_MAX, on_due);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "");
    CHECK(timer_is_set(&a.timer));
    turn_timer(&turn, &a.timer, -5, on_due);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a");
    turn_release(&turn);
}

static void on_later_puts_off(struct later *l)
{
    struct named *n = of_later(l);
    note(n->name);
    turn_later(&turn, &n->other->later, on_later);
    note('.');
}

TEST(what_is_put_off_from_inside_comes_later_in_the_same_turn)
{
    struct named b = {.name = 'b'}, a = {.name = 'a', .other = &b};
    list_init(&a.later.link);
    list_init(&b.later.link);
    start();
    turn_later(&turn, &a.later, on_later_puts_off);
    turn_later(&turn, &a.later, on_later_puts_off);
    CHECK_STR(str_of(trace), "");
    CHECK_INT(turn_next_ms(&turn), 0);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a.b");
    CHECK_INT(turn_next_ms(&turn), -1);
    turn_release(&turn);
}

static void on_later_cancels(struct later *l)
{
    note(of_later(l)->name);
    turn_later_cancel(&of_later(l)->other->later);
}

TEST(a_call_put_off_can_be_cancelled_even_in_its_own_round)
{
    struct named b = {.name = 'b'}, a = {.name = 'a', .other = &b}, c = {.name = 'c'};
    start(); /* zeroed links, never initialised: they count as not waiting */
    turn_later_cancel(&c.later);
    turn_later(&turn, &a.later, on_later_cancels);
    turn_later(&turn, &b.later, on_later);
    turn_later(&turn, &c.later, on_later);
    turn_later_cancel(&c.later);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a");
    turn_later(&turn, &b.later, on_later);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "ab");
    turn_release(&turn);
}

static void on_later_forever(struct later *l)
{
    of_later(l)->left++;
    turn_later(&turn, l, on_later_forever);
}

TEST(two_who_put_each_other_off_for_ever_do_not_hold_the_turn)
{
    struct named a = {.name = 'a'};
    start();
    turn_later(&turn, &a.later, on_later_forever);
    turn_run(&turn);
    CHECK_INT(a.left, 1000);
    CHECK_INT(turn_next_ms(&turn), 0);
    turn_release(&turn);
    turn_later_cancel(&a.later); /* released: the link is out of the list */
}

TEST(what_is_for_the_next_turn_waits_for_it_and_lets_nobody_sleep)
{
    struct named a = {.name = 'a'}, b = {.name = 'b'};
    start();
    list_init(&a.later.link);
    list_init(&b.later.link);
    turn_next(&turn, &a.later, on_next_again);
    turn_next(&turn, &a.later, on_next_again);
    CHECK_INT(turn_next_ms(&turn), 0);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "a");
    CHECK_INT(turn_next_ms(&turn), 0);
    turn_next(&turn, &b.later, on_later);
    turn_later_cancel(&b.later);
    turn_run(&turn);
    CHECK_STR(str_of(trace), "aa");
    turn_later_cancel(&a.later);
    CHECK_INT(turn_next_ms(&turn), -1);
    turn_next(&turn, &b.later, on_later);
    turn_release(&turn);
    CHECK(list_empty(&b.later.link));
}

struct watcher {
    struct wall_watch watch;
    int told;
};

static void on_set(struct wall_watch *w)
{
    CONTAINER_OF(w, struct watcher, watch)->told++;
}

TEST(who_waits_for_a_moment_of_the_wall_clock_is_told_when_it_is_set)
{
    struct watcher a = {0}, b = {0};
    start();
    turn_unwatch_wall(&a.watch); /* zeroed: was not watching */
    turn_watch_wall(&turn, &a.watch, on_set);
    turn_watch_wall(&turn, &b.watch, on_set);
    turn_wall_set(&turn);
    turn_unwatch_wall(&a.watch);
    turn_wall_set(&turn);
    CHECK_INT(a.told, 1);
    CHECK_INT(b.told, 2);
    turn_release(&turn);
    turn_unwatch_wall(&b.watch);
}

TEST(a_far_moment_of_the_wall_clock_is_looked_at_again_before_it_comes)
{
    start();
    int64_t is_ms = turn_wall_ms(&turn);
    CHECK_INT(turn_until_wall_ms(&turn, is_ms - 1), 0);
    CHECK_INT(turn_until_wall_ms(&turn, is_ms + 999), 999);
    CHECK_INT(turn_until_wall_ms(&turn, is_ms + 86400000), 86400000 - 86400);
    turn_release(&turn);
}

TEST_MAIN
