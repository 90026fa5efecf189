/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks one process has been given: a frame without a fence is unambiguous only for a task that it was given
 * once. Remembers the last GIVEN_MAX of them, so that a process that lives for a million tasks costs 4 KiB: a late
 * frame of a task that was 256 tasks ago is not expected.
 */
#ifndef HANDLER_GIVEN_H
#define HANDLER_GIVEN_H

#include "base/id.h"
#include <string.h>

#define GIVEN_MAX 256

struct given { /* zeroed: none */
    struct id ids[GIVEN_MAX]; /* the one given last is the last */
    size_t n;
};

/* What ids of one moment differ in: enough to pass over all others in a few hundred instructions. */
static inline uint64_t given_tail(const struct id *id)
{
    uint64_t tail;
    memcpy(&tail, id->b + sizeof id->b - sizeof tail, sizeof tail);
    return tail;
}

/* Notes that the task is given now. True when it is remembered from before. */
static inline bool given_again(struct given *g, const struct id *id)
{
    size_t place = 0;
    uint64_t tail = given_tail(id);
    while (place < g->n && (given_tail(&g->ids[place]) != tail || id_cmp(&g->ids[place], id) != 0)) place++;
    bool again = place < g->n;
    if (again || g->n == GIVEN_MAX) {
        size_t gone = again ? place : 0;
        memmove(&g->ids[gone], &g->ids[gone + 1], (g->n - 1 - gone) * sizeof g->ids[0]);
        g->n--;
    }
    g->ids[g->n++] = *id;
    return again;
}

#endif
