/* SPDX-License-Identifier: Apache-2.0
 *
 * What happened lately to the tasks of one queue and type: counts and times of each of the last 60 minutes and of each
 * of the last 24 hours, the one under way among them. Two rings of steps; a step knows its number since time 0, so one
 * that has not been touched for a round is seen to be old, and nothing has to be moved when time goes on.
 *
 * `at_ms` is steady time: it never goes back and never jumps (recent_clock). A step's times take memory from the first
 * that comes on; then they are kept.
 */
#ifndef SERVER_RECENT_H
#define SERVER_RECENT_H

#include "base/clock.h"
#include "task/spread.h"

#define RECENT_MINUTES 60
#define RECENT_HOURS 24

enum recent_event {
    RECENT_SUBMITTED,
    RECENT_COMPLETED,
    RECENT_FAILED,
    RECENT_CANCELLED,
    RECENT_EXPIRED,
    RECENT_RETRIED,  /* attempts that another followed */
    RECENT_REOPENED, /* ended tasks that were to run again */
    RECENT_EVENTS
};

enum recent_window { RECENT_HOUR, RECENT_DAY };

struct recent_step {
    int64_t number; /* of the step since time 0, and 1: 0 was never used */
    uint32_t n[RECENT_EVENTS];
    struct spread *waits, *runs; /* owned; NULL: never any */
};

struct recent { /* zeroed: nothing has happened */
    struct recent_step minutes[RECENT_MINUTES], hours[RECENT_HOURS];
};

struct recent_sum { /* zeroed: of nothing */
    uint64_t n[RECENT_EVENTS];
    struct spread_sum waits, runs;
};

/* Wall time as it was when this began, and steady from there: minutes and hours begin where people expect it, as long as
 * nobody sets the clock, and nothing is lost when somebody does. */
struct recent_clock {
    const struct clock *clock; /* borrowed */
    int64_t ahead_ms;          /* of steady before mono */
    int64_t began_ms;          /* steady */
};
void recent_clock_init(struct recent_clock *c, const struct clock *clock);
int64_t recent_now_ms(const struct recent_clock *c);
int64_t recent_wall_ms(const struct recent_clock *c, int64_t steady_ms); /* what the wall clock, as it goes now, said then, to the second */

void recent_release(struct recent *r);
void recent_count(struct recent *r, int64_t at_ms, enum recent_event event);
void recent_waited(struct recent *r, int64_t at_ms, int64_t ms);
void recent_ran(struct recent *r, int64_t at_ms, int64_t ms);

int recent_steps(enum recent_window w);
int64_t recent_step_ms(enum recent_window w);
int64_t recent_begin_ms(enum recent_window w, int64_t at_ms, int back); /* of the step `back` steps ago, steady */
/* How much time the window covers at at_ms: less than all of it in the step under way, and since `began_ms`. At least 1. */
int64_t recent_span_ms(enum recent_window w, int64_t at_ms, int64_t began_ms);
/* Adds what happened in the step `back` (0: under way .. recent_steps() - 1) steps ago. */
void recent_add(struct recent_sum *sum, const struct recent *r, enum recent_window w, int64_t at_ms, int back);

#endif
