/* SPDX-License-Identifier: Apache-2.0
 *
 * Random hours of a server from one seed: clients that submit, cancel, retry, change, delete and settle from outside,
 * verdicts from nowhere, pauses, recycled and stopped workers, crashes, hangs, timeouts, a store that is slow, fails or is
 * away, a disk whose syncs fail and whose power goes, retention, a system without processes, jumps of the wall clock,
 * other configurations; then quiet, and everything that was accepted has to have ended as promised.
 */
#ifndef SIM_SIM_RANDOM_H
#define SIM_SIM_RANDOM_H

#include "test/sim/sim.h"

struct sim_result { /* plain memory: it comes from another process */
    bool lived;         /* to its end; else the process died of `signal` */
    int signal;
    char broken[512];   /* empty: nothing was */
    uint64_t print;     /* of the history */
    int64_t facts, tasks, claims, stale, released, reloads, recycled, stopped, crashes, purged, rests;
    int64_t endings[TASK_STATES];
    bool cells[TASK_STATES][LIFE_EVENTS]; /* of the table of life.c, visited */
};

/* In a process of its own. Tells the story on stderr when a promise was broken. */
void sim_random_live(uint64_t seed, struct sim_result *ret);

#endif
