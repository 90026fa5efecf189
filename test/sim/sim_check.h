/* SPDX-License-Identifier: Apache-2.0
 *
 * What bide promises about tasks, watched while a simulation runs, from two sides: every answer the engine gives, the
 * moment it gives it, and every task a process is given.
 *
 *  - per run one recorded ending, and nothing after it; an attempt number and a fence are used once
 *  - an attempt that was given back has cost its task nothing
 *  - no task is worked on by two processes; no queue by more than its concurrency
 *  - of a lane, nothing is claimed while something that comes first is ready
 *  - a cancelled or timed-out attempt is over within its grace and a second, whatever the process does
 *  - at the end: every accepted task has ended, once per run, as the engine has it, and its waiters were told
 */
#ifndef SIM_SIM_CHECK_H
#define SIM_SIM_CHECK_H

#include "test/sim/sim_client.h"
#include "test/sim/sim_process.h"

struct sim_check {
    struct sim_client *client;             /* borrowed, all three */
    const struct sim_processes *processes;
    const struct config *config;
    char broken[512];  /* the first promise that was; "": none */
    int64_t claims, verdicts, stale, endings[TASK_STATES];
    int64_t released;  /* attempts given back */
    int64_t late;      /* of the expired, those that a claim came upon */
    int most_running;  /* tasks worked on at one time */
};

void sim_check_open(struct sim_check *c, struct sim_client *client, const struct sim_processes *processes,
                    const struct config *config);
void sim_check_close(struct sim_check *c);
void sim_check_answer(void *check, const struct store_req *r);
void sim_check_begin(void *check, const struct sim_process *p);
void sim_check_broken(struct sim_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Now and then: no process works on a task beyond its timeout and grace, or beyond a cancel and its grace. */
void sim_check_pulse(struct sim_check *c);
/* When nothing more is to happen. */
void sim_check_end(struct sim_check *c, struct store *engine);

#endif
