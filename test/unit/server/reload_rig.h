/* SPDX-License-Identifier: Apache-2.0
 *
 * Another configuration for the server of server_rig.h: begin(), change what is in `other`, take_over().
 */
#ifndef RELOAD_RIG_H
#define RELOAD_RIG_H

#include "server/reload.h"
#include "server_rig.h"

static struct config other;
static struct config_queue other_queues[3];
static struct worker_pool_conf other_pools[1];
static int done, last_err;

static void on_done(void *user, int err)
{
    (void)user;
    done++;
    last_err = err;
}

/* What runs now, to be changed before take_over(). */
static inline void begin(void)
{
    other = *sim->server.conf.config;
    memcpy(other_queues, other.queues, other.n_queues * sizeof *other.queues);
    memcpy(other_pools, other.workers, sizeof other_pools);
    other.queues = other_queues;
    other.workers = other_pools;
    other.n_workers = 1;
    done = 0;
}

static inline void take_over(void)
{
    reload_start(&sim->server, &other, on_done, NULL);
    sim_run(sim);
}

#endif
