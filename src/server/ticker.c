/* SPDX-License-Identifier: Apache-2.0
 *
 * idle ──due known──▶ armed ──time──▶ ticking ──answered──▶ armed, or idle
 */
#include "server/ticker.h"

static void arm(struct ticker *t);

static void look(struct ticker *t) { t->look = t->due_at_ms != INT64_MAX; }

static void on_ticked(struct store_req *req)
{
    struct ticker *t = req->user;
    t->ticking = false;
    for (size_t i = 0; !req->err && i < t->tick.n_ended; i++) t->on_ended(t->user, &t->tick.ended[i]);
    t->away = req->err != 0;
    if (t->away && t->looks) look(t);
    store_release(req);
    arm(t);
    t->on_idle(t->user);
}

static void on_time(struct timer *timer)
{
    struct ticker *t = CONTAINER_OF(timer, struct ticker, timer);
    if (t->ticking) return;
    t->away = false; /* that was long enough */
    if (!t->look && t->due_at_ms > turn_wall_ms(t->turn)) {
        arm(t);
        return;
    }
    t->looks = t->look;
    t->look = false;
    t->ticking = true;
    t->tick = (struct store_tick){.max = TICKER_MOST};
    store_tick(t->store, &t->tick, on_ticked, t);
}

static void arm(struct ticker *t)
{
    if (t->stopped || t->ticking) return;
    if (t->due_at_ms == INT64_MAX) {
        turn_timer_stop(t->turn, &t->timer);
        return;
    }
    int64_t in_ms = t->look ? 0 : turn_until_wall_ms(t->turn, t->due_at_ms), least_ms = t->away ? TICKER_STORE_AWAY_MS : 0;
    turn_timer(t->turn, &t->timer, in_ms < least_ms ? least_ms : in_ms, on_time);
}

static void on_wall_set(struct wall_watch *w)
{
    struct ticker *t = CONTAINER_OF(w, struct ticker, wall);
    look(t);
    arm(t);
}

void ticker_begin(struct ticker *t)
{
    turn_watch_wall(t->turn, &t->wall, on_wall_set);
}

void ticker_due(struct ticker *t, int64_t due_at_ms)
{
    t->due_at_ms = due_at_ms;
    arm(t);
}

void ticker_stop(struct ticker *t)
{
    t->stopped = true;
    turn_unwatch_wall(&t->wall);
    turn_timer_stop(t->turn, &t->timer);
}
