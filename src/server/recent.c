/* SPDX-License-Identifier: Apache-2.0
 *
 * Each event goes into both rings: cheaper than to gather an hour from its minutes, and an hour needs none of those
 * that are gone.
 */
#include "server/recent.h"

#include "base/mem.h"

#include <stdlib.h>

#define MINUTE_MS 60000
#define SAME_MS 1000 /* two clocks read one after the other, and kept in step by another server */
#define HOUR_MS 3600000

void recent_clock_init(struct recent_clock *c, const struct clock *clock)
{
    int64_t wall_ms = clock_wall_ms(clock);
    *c = (struct recent_clock){clock, wall_ms - clock_mono_ms(clock), wall_ms};
}

int64_t recent_now_ms(const struct recent_clock *c) { return clock_mono_ms(c->clock) + c->ahead_ms; }

int64_t recent_wall_ms(const struct recent_clock *c, int64_t steady_ms)
{
    int64_t apart_ms = clock_wall_ms(c->clock) - recent_now_ms(c);
    return apart_ms > -SAME_MS && apart_ms < SAME_MS ? steady_ms : steady_ms + apart_ms;
}

void recent_release(struct recent *r)
{
    for (int i = 0; i < RECENT_MINUTES; i++) {
        free(r->minutes[i].waits);
        free(r->minutes[i].runs);
    }
    for (int i = 0; i < RECENT_HOURS; i++) {
        free(r->hours[i].waits);
        free(r->hours[i].runs);
    }
    *r = (struct recent){0};
}

/* Steady time does not go back; if it did, what is newer would keep what it has. */
static struct recent_step *step(struct recent_step *ring, int size, int64_t number)
{
    struct recent_step *s = &ring[number % size];
    if (s->number >= number + 1) return s;
    s->number = number + 1;
    for (int i = 0; i < RECENT_EVENTS; i++) s->n[i] = 0;
    if (s->waits) *s->waits = (struct spread){0};
    if (s->runs) *s->runs = (struct spread){0};
    return s;
}

static struct recent_step *minute(struct recent *r, int64_t at_ms) { return step(r->minutes, RECENT_MINUTES, at_ms / MINUTE_MS); }
static struct recent_step *hour(struct recent *r, int64_t at_ms) { return step(r->hours, RECENT_HOURS, at_ms / HOUR_MS); }

void recent_count(struct recent *r, int64_t at_ms, enum recent_event event)
{
    minute(r, at_ms)->n[event]++;
    hour(r, at_ms)->n[event]++;
}

static void took(struct spread **s, int64_t ms)
{
    if (!*s) *s = mem_new(sizeof **s);
    spread_count(*s, ms);
}

void recent_waited(struct recent *r, int64_t at_ms, int64_t ms)
{
    took(&minute(r, at_ms)->waits, ms);
    took(&hour(r, at_ms)->waits, ms);
}

void recent_ran(struct recent *r, int64_t at_ms, int64_t ms)
{
    took(&minute(r, at_ms)->runs, ms);
    took(&hour(r, at_ms)->runs, ms);
}

int recent_steps(enum recent_window w) { return w == RECENT_HOUR ? RECENT_MINUTES : RECENT_HOURS; }

int64_t recent_step_ms(enum recent_window w) { return w == RECENT_HOUR ? MINUTE_MS : HOUR_MS; }

int64_t recent_begin_ms(enum recent_window w, int64_t at_ms, int back)
{
    int64_t step_ms = recent_step_ms(w);
    return (at_ms / step_ms - back) * step_ms;
}

int64_t recent_span_ms(enum recent_window w, int64_t at_ms, int64_t began_ms)
{
    int64_t from_ms = recent_begin_ms(w, at_ms, recent_steps(w) - 1);
    if (began_ms > from_ms) from_ms = began_ms;
    return at_ms > from_ms ? at_ms - from_ms : 1;
}

void recent_add(struct recent_sum *sum, const struct recent *r, enum recent_window w, int64_t at_ms, int back)
{
    int64_t number = at_ms / recent_step_ms(w) - back;
    if (number < 0) return;
    const struct recent_step *s = w == RECENT_HOUR ? &r->minutes[number % RECENT_MINUTES] : &r->hours[number % RECENT_HOURS];
    if (s->number != number + 1) return;
    for (int i = 0; i < RECENT_EVENTS; i++) sum->n[i] += s->n[i];
    if (s->waits) spread_add(&sum->waits, s->waits);
    if (s->runs) spread_add(&sum->runs, s->runs);
}
