/* SPDX-License-Identifier: Apache-2.0
 *
 * From what the parts of a simulation see to facts of its history: every answer the engine gives, the moment it gives it,
 * every task a process is given, and what is found in a store when everything is over.
 */
#ifndef SIM_SIM_WATCH_H
#define SIM_SIM_WATCH_H

#include "test/sim/sim_client.h"
#include "test/sim/sim_history.h"
#include "test/sim/sim_process.h"

#define SIM_POOLS 16 /* that share resources */

struct sim_watch {
    struct sim_history *history; /* borrowed, both */
    struct sim_client *client;
    struct sim_pool_start { /* sim_resources.c: when a process of a pool was started last */
        char pool[16];
        int64_t at_ms;      /* mono */
    } starts[SIM_POOLS];
};

void sim_watch_answer(void *watch, const struct store_req *r);
void sim_watch_begin(void *watch, const struct sim_work *work);
void sim_watch_save(void *watch, const struct sim_work *work);
void sim_watch_left(void *watch, const struct sim_work *work);
/* Looks up every task of the client, past all faults. tell: whoever submitted it learns of its ending by this. */
void sim_watch_census(struct sim_watch *w, struct store *engine, bool tell);

#endif
