/* SPDX-License-Identifier: Apache-2.0
 *
 * Wishes. A stop unloads a place that was loaded at boot, as keep_alive does; a recycle leaves that as it is, so that such
 * a place is started again at once.
 */
#include "handler/worker_wish.h"
#include "handler/attempt.h"
#include "handler/worker_slot.h"
#include <stdio.h>

static bool is_resting(const struct worker *w) { return w->state == WORKER_BACKOFF || w->state == WORKER_BROKEN; }

static void say(struct worker *w, const char *what)
{
    char text[sizeof w->id + 64];
    snprintf(text, sizeof text, "%s %s", w->id, what);
    w->events->on_event(w, LOG_LEVEL_INFO, text);
}

static int nothing_there(const struct worker *w, struct err *e)
{
    return err_set(e, ERR_CONFLICT, "%s has no process%s", w->id, w->draining ? " any more" : "; one is started when a task needs it");
}

int worker_wish_recycle(struct worker *w, struct err *e)
{
    if (w->state == WORKER_OFF) return nothing_there(w, e);
    if (w->ending == ENDING_NOT || is_resting(w)) say(w, "is to be recycled");
    w->in_a_row = 0;
    if (is_resting(w)) w->rested = true;
    worker_end(w);
    return 0;
}

static void give_back(struct attempt *a)
{
    const struct worker_slot *s = a->inside;
    if (s->stopping) return;
    attempt_note(a, "bide: the worker is being stopped; unless it is done first, the task goes back to its queue");
    worker_slot_stop(a, STOP_SHUTDOWN);
}

int worker_wish_stop(struct worker *w, struct err *e)
{
    if (w->state == WORKER_OFF) return nothing_there(w, e);
    if (is_resting(w))
        return err_set(e, ERR_CONFLICT, "%s has no process: the last one failed; a recycle tries the next one now", w->id);
    if (!w->told) say(w, "is to be stopped");
    w->told = true;
    w->held = false;
    if (w->ending == ENDING_NOT) w->ending = ENDING_PLANNED;
    for (size_t i = 0; i < w->n_open && w->ending == ENDING_PLANNED; i++) give_back(w->open[i]);
    worker_step(w);
    return 0;
}
