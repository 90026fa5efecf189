/* SPDX-License-Identifier: Apache-2.0
 *
 * Wakes the store when something has come due: scheduled tasks become pending, late ones expire. One timer, set from
 * the store's own word for the next due moment; nothing due, no wake-up. The moment is wall time: when that clock is set
 * the timer is, too, and the store is asked once: some of what is due to it comes after so long, not at a moment.
 */
#ifndef SERVER_TICKER_H
#define SERVER_TICKER_H

#include "store/store.h"

#define TICKER_MOST 1000 /* tasks of one tick */
#define TICKER_STORE_AWAY_MS 1000

struct ticker {
    struct turn *turn;   /* borrowed */
    struct store *store; /* borrowed */
    void *user;
    void (*on_ended)(void *user, const struct store_tick_item *item); /* expired */
    void (*on_idle)(void *user); /* the tick on its way was answered */
    int64_t due_at_ms;   /* wall, as the store last told it; INT64_MAX: nothing */
    bool ticking;
    bool away;           /* the last tick failed: not at once again */
    bool stopped;
    bool look, looks;    /* the wall clock was set: the store is to say anew when it has something due; this tick asks that */
    struct timer timer;
    struct wall_watch wall;
    struct store_tick tick;
};

void ticker_begin(struct ticker *t);
void ticker_due(struct ticker *t, int64_t due_at_ms);
void ticker_stop(struct ticker *t); /* no further tick is begun */

#endif
