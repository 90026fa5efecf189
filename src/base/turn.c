/* SPDX-License-Identifier: Apache-2.0
 *
 * The turn: rounds of "timers that are due, then the calls put off", until a round finds nothing. Calls put off during
 * a round wait for the next one, so nobody is called from inside. The bound on rounds lets the loop see its sockets
 * even when two parties keep putting each other off; turn_next_ms then says 0 and the rest goes on in the next turn.
 * Who says turn_next() waits for that in any case.
 */
#include "base/turn.h"

#define ROUNDS 1000

void turn_init(struct turn *t, const struct clock *clock, struct rng *rng)
{
    t->clock = clock;
    t->rng = rng;
    timers_init(&t->timers);
    list_init(&t->laters);
    list_init(&t->nexts);
    list_init(&t->wall_watches);
}

void turn_release(struct turn *t)
{
    timers_release(&t->timers);
    while (list_shift(&t->laters) || list_shift(&t->nexts) || list_shift(&t->wall_watches)) continue;
}

/* A zeroed link counts as not waiting: were it taken for a waiting one, the call would be lost for good. */
static bool is_waiting(const struct later *l) { return l->link.next && !list_empty(&l->link); }

void turn_later(struct turn *t, struct later *l, void (*on_later)(struct later *l))
{
    if (is_waiting(l)) return;
    l->on_later = on_later;
    list_push(&t->laters, &l->link);
}

void turn_next(struct turn *t, struct later *l, void (*on_later)(struct later *l))
{
    if (is_waiting(l)) return;
    l->on_later = on_later;
    list_push(&t->nexts, &l->link);
}

void turn_later_cancel(struct later *l)
{
    if (is_waiting(l)) list_remove(&l->link);
}

void turn_timer(struct turn *t, struct timer *timer, int64_t in_ms, void (*on_due)(struct timer *timer))
{
    int64_t due_at_ms;
    if (__builtin_add_overflow(turn_mono_ms(t), in_ms, &due_at_ms)) due_at_ms = in_ms > 0 ? INT64_MAX : INT64_MIN;
    timer_set(&t->timers, timer, due_at_ms, on_due);
}

void turn_timer_stop(struct turn *t, struct timer *timer) { timer_stop(&t->timers, timer); }

int64_t turn_until_wall_ms(const struct turn *t, int64_t wall_ms)
{
    int64_t in_ms = wall_ms - turn_wall_ms(t);
    return in_ms > 0 ? in_ms - in_ms / 1000 : 0;
}

void turn_watch_wall(struct turn *t, struct wall_watch *w, void (*on_set)(struct wall_watch *w))
{
    w->on_set = on_set;
    list_push(&t->wall_watches, &w->link);
}

void turn_unwatch_wall(struct wall_watch *w)
{
    if (w->link.next) list_remove(&w->link);
}

void turn_wall_set(struct turn *t)
{
    LIST_EACH_SAFE (it, &t->wall_watches) {
        struct wall_watch *w = CONTAINER_OF(it, struct wall_watch, link);
        w->on_set(w);
    }
}

static void run_laters(struct turn *t)
{
    struct list round;
    list_init(&round);
    list_splice(&round, &t->laters);
    for (struct list *link; (link = list_shift(&round));) {
        struct later *l = CONTAINER_OF(link, struct later, link);
        l->on_later(l);
    }
}

static int64_t next_ms(const struct turn *t)
{
    if (!list_empty(&t->laters)) return 0;
    int64_t due_at_ms = timers_next(&t->timers), now_ms = turn_mono_ms(t);
    if (due_at_ms == INT64_MAX) return -1;
    return due_at_ms > now_ms ? due_at_ms - now_ms : 0;
}

void turn_run(struct turn *t)
{
    list_splice(&t->laters, &t->nexts);
    for (int round = 0; round < ROUNDS && next_ms(t) == 0; round++) {
        timers_run(&t->timers, turn_mono_ms(t));
        run_laters(t);
    }
}

int64_t turn_next_ms(const struct turn *t) { return list_empty(&t->nexts) ? next_ms(t) : 0; }
