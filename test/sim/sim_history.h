/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that happened in a life, in order, held against the promises as it comes. The same seed makes the same
 * history, to the last line.
 */
#ifndef SIM_SIM_HISTORY_H
#define SIM_SIM_HISTORY_H

#include "base/clock.h"
#include "test/sim/sim_check.h"

#include <stdio.h>

struct sim_history {
    const struct clock *clock; /* borrowed */
    struct sim_check *check;   /* borrowed */
    struct fact *facts;        /* owned */
    size_t n, cap;
};

void sim_history_open(struct sim_history *h, const struct clock *clock, struct sim_check *check);
void sim_history_close(struct sim_history *h);
void sim_history_add(struct sim_history *h, struct fact f); /* its times are set here, the wall's if it has none */
void sim_history_note(struct sim_history *h, const char *what); /* borrowed for ever */
uint64_t sim_history_print(const struct sim_history *h);    /* a number for the whole text: equal lives have equal ones */
/* What became of the task whose promise was broken, and what was done to the world around it: the last `most` lines. */
void sim_history_story(const struct sim_history *h, size_t most, FILE *to);

#endif
