/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks one process has been given: a frame without a fence is unambiguous only for a task that it was given
 * once. Remembers the last GIVEN_MAX of them, so that a process that lives for a million tasks costs 4 KiB: a late
 * frame of a task that was 256 tasks ago is not expected.
 */
#ifndef HANDLER_GIVEN_H
#define HANDLER_GIVEN_H

#include "base/id.h"

#define GIVEN_MAX 256

struct given { /* zeroed: none */
    struct id ids[GIVEN_MAX];
    size_t n, next;
};

/* Notes that the task is given now. True when it is remembered from before. */
static inline bool given_again(struct given *g, const struct id *id)
{
    for (size_t i = 0; i < g->n; i++)
        if (id_cmp(&g->ids[i], id) == 0) return true;
    g->ids[g->next] = *id;
    g->next = (g->next + 1) % GIVEN_MAX;
    if (g->n < GIVEN_MAX) g->n++;
    return false;
}

#endif
