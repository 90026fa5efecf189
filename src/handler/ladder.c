/* SPDX-License-Identifier: Apache-2.0
 *
 * The stop ladder: one timer, moved from rung to rung.
 */
#include "handler/ladder.h"
#include <signal.h>

void ladder_init(struct ladder *l, struct turn *turn, struct child *child, void (*on_rung)(struct ladder *l))
{
    *l = (struct ladder){.turn = turn, .child = child, .on_rung = on_rung};
}

static void on_due(struct timer *t);

static void climb(struct ladder *l)
{
    if (l->rung == LADDER_ASKED && l->kill_in_ms > 0) {
        l->rung = LADDER_TERMED;
        turn_timer(l->turn, &l->timer, l->started_at_ms + l->kill_in_ms - turn_mono_ms(l->turn), on_due);
        child_signal_tree(l->child, SIGTERM);
    } else {
        l->rung = LADDER_KILLED;
        child_signal_tree(l->child, SIGKILL);
    }
}

static void on_due(struct timer *t)
{
    struct ladder *l = CONTAINER_OF(t, struct ladder, timer);
    climb(l);
    if (l->on_rung) l->on_rung(l);
}

void ladder_start(struct ladder *l, int64_t term_in_ms, int64_t kill_in_ms)
{
    ladder_stop(l);
    l->rung = LADDER_ASKED;
    l->started_at_ms = turn_mono_ms(l->turn);
    l->kill_in_ms = kill_in_ms;
    if (term_in_ms == 0 || kill_in_ms == 0)
        climb(l);
    else
        turn_timer(l->turn, &l->timer, term_in_ms, on_due);
}

void ladder_hurry(struct ladder *l, int64_t kill_in_ms)
{
    int64_t within_ms = turn_mono_ms(l->turn) + kill_in_ms - l->started_at_ms;
    if (l->rung != LADDER_TERMED || within_ms >= l->kill_in_ms) return;
    l->kill_in_ms = within_ms;
    turn_timer(l->turn, &l->timer, kill_in_ms, on_due);
}

void ladder_stop(struct ladder *l)
{
    turn_timer_stop(l->turn, &l->timer);
    l->rung = LADDER_DOWN;
}
