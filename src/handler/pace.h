/* SPDX-License-Identifier: Apache-2.0
 *
 * How long the attempts of one process take lately, and so how many of them may be claimed before it is free. Of short
 * ones several are, so that a process need not wait for two commits between them; of long ones none, since another task
 * may come first, or another process be free, meanwhile.
 */
#ifndef HANDLER_PACE_H
#define HANDLER_PACE_H

#include "handler/handler.h"

#define PACE_KNOWN 4  /* attempts before anything is said */
#define PACE_MOST 64  /* however short they are */

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

#endif
