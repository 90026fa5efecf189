/* SPDX-License-Identifier: Apache-2.0
 *
 * The timer heap, ordered by (due time, order of setting). While timers_run is under way, a timer set for the past is
 * put at `now` and so behind everything older that is due: the first timer set during the run ends it. A callback that
 * sets itself again at once therefore cannot starve the rest, and no second container is needed.
 */
#include "base/timer.h"
#include "base/list.h"

static struct timer *timer_of(const struct heap_slot *s) { return CONTAINER_OF(s, struct timer, slot); }

static bool before(const struct heap_slot *a, const struct heap_slot *b)
{
    const struct timer *x = timer_of(a), *y = timer_of(b);
    return x->due_at_ms != y->due_at_ms ? x->due_at_ms < y->due_at_ms : x->seq < y->seq;
}

void timers_init(struct timers *t)
{
    *t = (struct timers){.run_at_ms = INT64_MIN};
    heap_init(&t->heap, before);
}

void timers_release(struct timers *t) { heap_release(&t->heap); }

void timer_set(struct timers *ts, struct timer *t, int64_t due_at_ms, void (*on_due)(struct timer *t))
{
    heap_remove(&ts->heap, &t->slot);
    t->due_at_ms = due_at_ms > ts->run_at_ms ? due_at_ms : ts->run_at_ms;
    t->seq = ts->seq++;
    t->on_due = on_due;
    heap_add(&ts->heap, &t->slot);
}

void timer_stop(struct timers *ts, struct timer *t) { heap_remove(&ts->heap, &t->slot); }

bool timer_is_set(const struct timer *t) { return t->slot.place != 0; }

int64_t timers_next(const struct timers *t)
{
    const struct heap_slot *first = heap_first(&t->heap);
    return first ? timer_of(first)->due_at_ms : INT64_MAX;
}

void timers_run(struct timers *t, int64_t now_ms)
{
    uint64_t first_new = t->seq;
    int64_t outer = t->run_at_ms;
    t->run_at_ms = now_ms;
    for (struct heap_slot *s; (s = heap_first(&t->heap));) {
        struct timer *timer = timer_of(s);
        if (timer->due_at_ms > now_ms || timer->seq >= first_new) break;
        heap_remove(&t->heap, s);
        timer->on_due(timer);
    }
    t->run_at_ms = outer;
}
