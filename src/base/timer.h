/* SPDX-License-Identifier: Apache-2.0
 *
 * The one timer heap. Owners embed a `struct timer`; whoever drives time (the loop, a simulation) asks
 * timers_next() how long it may sleep and calls timers_run(). Times are mono milliseconds. Timers of one due time run in
 * the order in which they were set.
 */
#ifndef BASE_TIMER_H
#define BASE_TIMER_H

#include "base/heap.h"
#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct heap_slot slot;
    int64_t due_at_ms;              /* mono */
    uint64_t seq;                   /* of the setting: orders equal due times */
    void (*on_due)(struct timer *t); /* called once, after the timer left the heap */
};
struct timers {
    struct heap heap;
    uint64_t seq;      /* of the next setting */
    int64_t run_at_ms; /* the `now` of the timers_run under way, INT64_MIN outside */
};

void timers_init(struct timers *t);
void timers_release(struct timers *t);
void timer_set(struct timers *ts, struct timer *t, int64_t due_at_ms, void (*on_due)(struct timer *t)); /* set or moved */
void timer_stop(struct timers *ts, struct timer *t); /* nothing when not set */
bool timer_is_set(const struct timer *t);
int64_t timers_next(const struct timers *t); /* due time of the first, INT64_MAX when none */
/* Runs what is due at `now_ms`, in order of due time; a timer set by a callback for a time <= now runs in the next call. */
void timers_run(struct timers *t, int64_t now_ms);

#endif
