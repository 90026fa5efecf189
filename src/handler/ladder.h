/* SPDX-License-Identifier: Apache-2.0
 *
 * The stop ladder of one process tree: asked, SIGTERM, SIGKILL, each at its time after the start. It never climbs
 * down; it ends when the owner says so, because the process obeyed or is dead.
 *
 *   down ──start──▶ asked ──term_in_ms──▶ termed ──kill_in_ms──▶ killed
 *     ▲              │ stop                │                       │
 *     └──────────────┴─────────────────────┴───────────────────────┘
 */
#ifndef HANDLER_LADDER_H
#define HANDLER_LADDER_H

#include "base/turn.h"
#include "handler/child.h"

enum ladder_rung { LADDER_DOWN, LADDER_ASKED, LADDER_TERMED, LADDER_KILLED };

struct ladder {
    struct turn *turn;   /* borrowed */
    struct child *child; /* borrowed */
    void (*on_rung)(struct ladder *l); /* a signal was sent; may be NULL; never from inside ladder_start */
    enum ladder_rung rung;
    int64_t started_at_ms, kill_in_ms; /* mono; from the start */
    struct timer timer;
};

void ladder_init(struct ladder *l, struct turn *turn, struct child *child, void (*on_rung)(struct ladder *l));
/* From the bottom. 0 for a time: at once, before this returns. 0 <= term_in_ms <= kill_in_ms. */
void ladder_start(struct ladder *l, int64_t term_in_ms, int64_t kill_in_ms);
/* After SIGTERM: SIGKILL in kill_in_ms, unless that is later than it would be anyway. On any other rung nothing. */
void ladder_hurry(struct ladder *l, int64_t kill_in_ms);
void ladder_stop(struct ladder *l); /* no further signal; legal on every rung */

#endif
