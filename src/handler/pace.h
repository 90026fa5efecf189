/* SPDX-License-Identifier: Apache-2.0
 *
 * How long the attempts of one process take lately, and so how many of them may be claimed before it is free, and when.
 * Of short ones several are, so that a process need not wait for two commits between them; of longer ones one, when the
 * one under way should be over in a moment; of long ones none, since another task may come first, or another process be
 * free, meanwhile, and a commit is nothing beside them.
 */
#ifndef HANDLER_PACE_H
#define HANDLER_PACE_H

#include "handler/handler.h"

#define PACE_KNOWN 4  /* attempts before anything is said */
#define PACE_MOST 64  /* however short they are */
#define PACE_LONG_MS 100 /* an attempt of which none is claimed ahead: what a more urgent task may have to wait for, too */

struct pace { /* zeroed: nothing known */
    int32_t n;     /* attempts seen, to PACE_KNOWN */
    int64_t mean;  /* 1/16 ms: each attempt counts for a quarter */
};

static inline void pace_add(struct pace *p, int64_t ms)
{
    p->mean += p->n == 0 ? ms * 16 : (ms * 16 - p->mean) / 4;
    p->n += p->n < PACE_KNOWN;
}

static inline int pace_ahead(const struct pace *p)
{
    if (p->n < PACE_KNOWN) return 0;
    int64_t n = HANDLER_AHEAD_MS * 16 / (p->mean + 1);
    return n < PACE_MOST ? (int)n : PACE_MOST;
}

/* How long after its start an attempt should be over within HANDLER_AHEAD_MS, so that the next may be claimed: ms; -1: nobody
 * knows, or it is a long one. */
static inline int64_t pace_next_ms(const struct pace *p)
{
    int64_t mean_ms = (p->mean + 15) / 16;
    if (p->n < PACE_KNOWN || mean_ms >= PACE_LONG_MS) return -1;
    return mean_ms > HANDLER_AHEAD_MS ? mean_ms - HANDLER_AHEAD_MS : 0;
}

#endif
