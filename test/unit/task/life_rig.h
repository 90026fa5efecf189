/* SPDX-License-Identifier: Apache-2.0
 *
 * A life in any state, for the tests of its rules.
 */
#ifndef LIFE_RIG_H
#define LIFE_RIG_H

#include "task/life.h"
#include "test.h"

#define NOW INT64_C(1700000000000)
#define FENCE 7

static const struct life_rules rules = {
    .priority = 5, .max_attempts = 3, .retry = {RETRY_FIXED, RETRY_JITTER_NONE, 1000, 60000}};

/* A life in that state as a server would see it one second after its start. */
static inline struct life standing(enum task_state state)
{
    struct life l = life_begin(&rules, 1, 0, NOW - 1000);
    l.state = state;
    if (state == TASK_SCHEDULED) l.due_at_ms = NOW;
    if (state == TASK_RUNNING) {
        l.attempt = 1;
        l.fence = FENCE;
        l.started_at_ms = NOW - 500;
    }
    return l;
}

#endif
