/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of a life. Plain memory: it comes from another process.
 */
#ifndef SIM_SIM_RESULT_H
#define SIM_SIM_RESULT_H

#include "task/life.h"

struct sim_result {
    bool lived;         /* to its end; else the process died of `signal` */
    int signal;
    char broken[512];   /* empty: nothing was */
    uint64_t print;     /* of the history */
    int64_t facts, tasks, claims, stale, released, together, shared, reloads, recycled, stopped, resumed, crashes, purged, pulled, pullers_killed, leases_lost, scarce, outwaited, cached, followed, led, stepped, took_turns, rated, at_rate, key_rated, at_key_rate, heard, cuts, rests;
    int64_t endings[TASK_STATES];
    bool cells[TASK_STATES][LIFE_EVENTS]; /* of the table of life.c, visited */
};

#endif
