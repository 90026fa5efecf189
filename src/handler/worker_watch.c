/* SPDX-License-Identifier: Apache-2.0
 *
 * One timer, set for whatever comes first, while something is open.
 */
#include "handler/worker_watch.h"
#include "base/text.h"
#include "handler/attempt.h"
#include "handler/rss.h"
#include "handler/worker_slot.h"
#include <stdio.h>

#define PING_TIMEOUT_MS 30000
#define PINGS_PER_TIMEOUT 3
#define RSS_EVERY_MS 1000 /* how often a size is looked up, however short the tasks are */

static int64_t ping_timeout_ms(const struct worker *w)
{
    return w->conf->ping_timeout_ms > 0 ? w->conf->ping_timeout_ms : PING_TIMEOUT_MS;
}

/* ---- replacing ---- */

void worker_watch_begin(struct worker *w)
{
    int64_t most = w->conf->max_tasks;
    /* up to a tenth less, so that those that were started together are not replaced together */
    w->watch.share = most > 0 ? most - (int64_t)rng_below(w->turn->rng, (uint64_t)(most / 10 + 1)) : 0;
    w->watch.rss_at_ms = INT64_MIN;
    w->watch.pinged = false;
    w->watch.pong_at_ms = 0;
}

static bool is_too_large(struct worker *w)
{
    int64_t now_ms = turn_mono_ms(w->turn);
    if (w->conf->max_rss == 0 || (w->watch.rss_at_ms != INT64_MIN && now_ms - w->watch.rss_at_ms < RSS_EVERY_MS)) return false;
    w->watch.rss_at_ms = now_ms;
    return rss_of(w->child.pid) > w->conf->max_rss;
}

bool worker_watch_is_spent(struct worker *w)
{
    char what[sizeof w->id + 64];
    const char *why = NULL;
    if (w->watch.share > 0 && w->tasks >= w->watch.share) why = "has done its max_tasks";
    else if (w->conf->max_age_ms > 0 && turn_mono_ms(w->turn) - w->started_at_ms >= w->conf->max_age_ms) why = "has reached its max_age";
    else if (is_too_large(w)) why = "is larger than its max_rss";
    if (!why) return false;
    snprintf(what, sizeof what, "%s %s and is replaced", w->id, why);
    w->events->on_event(w, LOG_LEVEL_INFO, what);
    return true;
}

/* ---- is it still there? ---- */

static int64_t ping_due_ms(const struct worker *w)
{
    if (!w->pings) return INT64_MAX;
    return w->watch.pong_at_ms + ping_timeout_ms(w) / (w->watch.pinged ? 1 : PINGS_PER_TIMEOUT);
}

static int64_t stall_due_ms(const struct worker *w, const struct attempt *a)
{
    const struct worker_slot *s = a->inside;
    return w->conf->stall_timeout_ms > 0 && !s->stopping ? s->heard_at_ms + w->conf->stall_timeout_ms : INT64_MAX;
}

static void on_look(struct timer *t);

static void look_when_due(struct worker *w)
{
    int64_t due_ms = ping_due_ms(w), now_ms = turn_mono_ms(w->turn);
    for (size_t i = 0; i < w->n_open; i++) {
        int64_t stalls_ms = stall_due_ms(w, w->open[i]);
        if (stalls_ms < due_ms) due_ms = stalls_ms;
    }
    if (due_ms == INT64_MAX || w->n_open == 0 || w->ending != ENDING_NOT) turn_timer_stop(w->turn, &w->watch.timer);
    else turn_timer(w->turn, &w->watch.timer, due_ms > now_ms ? due_ms - now_ms : 0, on_look);
}

/* The time since the last pong is what counts: a ping that could not be sent is not answered either. */
static void ping(struct worker *w)
{
    struct buf frame;
    buf_init(&frame, 64);
    frame_write_ping(&frame, ++w->watch.n);
    (void)child_send(&w->child, buf_str(&frame));
    buf_release(&frame);
    w->watch.pinged = true;
}

static void hung(struct worker *w)
{
    struct buf within;
    buf_init(&within, 64);
    text_add_duration(&within, ping_timeout_ms(w));
    worker_fail(w, "did not answer a ping within %.*s", STR_ARG(buf_str(&within)));
    buf_release(&within);
}

static void on_look(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, watch.timer);
    int64_t now_ms = turn_mono_ms(w->turn);
    if (w->n_open == 0 || w->ending != ENDING_NOT) return; /* it was set when there was something to watch */
    for (size_t i = 0; i < w->n_open; i++)
        if (stall_due_ms(w, w->open[i]) <= now_ms) worker_slot_stop(w->open[i], STOP_STALLED);
    if (ping_due_ms(w) <= now_ms) {
        if (w->watch.pinged) {
            hung(w);
            return;
        }
        ping(w);
    }
    look_when_due(w);
}

void worker_watch_given(struct worker *w)
{
    if (!w->pings && w->conf->stall_timeout_ms == 0) return;
    if (w->state == WORKER_IDLE) { /* nothing was asked of it while it was idle */
        w->watch.pong_at_ms = turn_mono_ms(w->turn);
        w->watch.pinged = false;
    }
    look_when_due(w);
}

void worker_watch_pong(struct worker *w)
{
    w->watch.pong_at_ms = turn_mono_ms(w->turn);
    w->watch.pinged = false;
    look_when_due(w);
}

void worker_watch_end(struct worker *w) { turn_timer_stop(w->turn, &w->watch.timer); }
