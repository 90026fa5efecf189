/* SPDX-License-Identifier: Apache-2.0
 *
 * The turn: what the deciding thread has still to do, apart from sockets. A timer heap, a list of calls to make
 * later in the same thread, and the clock and chance that go with them. In a server the loop drives it; in a test or
 * a simulation the test does, with a clock of its own. Whoever needs time or "not now, but next" takes a struct turn
 * and never sees the loop.
 */
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include "base/clock.h"
#include "base/list.h"
#include "base/rng.h"
#include "base/timer.h"

struct later {
    struct list link;                  /* in turn.laters or .nexts while waiting; list_init() it before first use */
    void (*on_later)(struct later *l); /* called once, from turn_run */
};

struct wall_watch {   /* who waits for a moment of the wall clock */
    struct list link; /* in turn.wall_watches; zeroed: not watching */
    void (*on_set)(struct wall_watch *w);
};

struct turn {
    const struct clock *clock; /* borrowed */
    struct rng *rng;           /* borrowed */
    struct timers timers;
    struct list laters; /* of this turn */
    struct list nexts;  /* of the next one */
    struct list wall_watches;
};

void turn_init(struct turn *t, const struct clock *clock, struct rng *rng);
void turn_release(struct turn *t);
static inline int64_t turn_wall_ms(const struct turn *t) { return clock_wall_ms(t->clock); }
static inline int64_t turn_mono_ms(const struct turn *t) { return clock_mono_ms(t->clock); }
/* Calls `on_later` in this turn or the next, never from inside. Asking again while waiting changes nothing. */
void turn_later(struct turn *t, struct later *l, void (*on_later)(struct later *l));
/* The same, but in the next turn: what comes from outside meanwhile goes first. */
void turn_next(struct turn *t, struct later *l, void (*on_later)(struct later *l));
void turn_later_cancel(struct later *l);
void turn_timer(struct turn *t, struct timer *timer, int64_t in_ms,
                void (*on_due)(struct timer *timer)); /* from now, mono */
void turn_timer_stop(struct turn *t, struct timer *timer);
/* How long to sleep for a moment of the wall clock, and then to look again: a thousandth less than the time until then,
 * as that clock may be slowed down or sped up by as much. When it is set instead, `on_set` is called. 0: it is past. */
int64_t turn_until_wall_ms(const struct turn *t, int64_t wall_ms);
void turn_watch_wall(struct turn *t, struct wall_watch *w, void (*on_set)(struct wall_watch *w));
void turn_unwatch_wall(struct wall_watch *w);
void turn_wall_set(struct turn *t); /* tells all; for who drives the turn */
/* Runs what is due and what was put off, until nothing is left that could run now (bounded: 1000 rounds). */
void turn_run(struct turn *t);
int64_t turn_next_ms(const struct turn *t); /* how long until something is due: 0 now, -1 nothing waits */

#endif
