/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of the server floor share: a small configuration, and a simulation of it per test. Queue `default`
 * with two places, one pool `speech` with two processes (1 s to load), type `transcribe` in it, exec type `convert`.
 */
#ifndef SERVER_RIG_H
#define SERVER_RIG_H

#include "test/sim/sim.h"
#include "test/test.h"

#define N(array) (sizeof(array) / sizeof *(array))

static struct config_queue rig_queues[] = {{.name = "default", .concurrency = 2}, {.name = "slow", .concurrency = 1}};
static struct worker_pool_conf rig_pools[] = {
    {.name = "speech", .command = sim_worker_command, .instances = 2, .keep_alive_ms = 600000}};
static struct config_type rig_types[] = {{.name = "transcribe", .worker = "speech"}, {.name = "convert"}};

static struct sim *sim;

static inline struct sim_conf rig_conf(void)
{
    return (struct sim_conf){.seed = 7, .queues = rig_queues, .n_queues = N(rig_queues), .pools = rig_pools,
                             .n_pools = N(rig_pools), .types = rig_types, .n_types = N(rig_types)};
}

static inline void rig_open(void)
{
    struct sim_conf conf = rig_conf();
    sim = sim_open(&conf);
    CHECK_INT(sim->serving, 1);
}

#define RIG_CLOSE() CHECK(sim_close(sim))

/* Submits, and lets it be accepted; the designators are those of struct sim_ask. */
static inline struct sim_task *rig_submit(const struct sim_ask *ask)
{
    struct sim_task *t = sim_submit(&sim->client, ask);
    sim_run(sim);
    return t;
}
#define SUBMIT(...) rig_submit(&(struct sim_ask){__VA_ARGS__})

static inline const struct task *rig_look(const struct sim_task *t) { return sim_look(&sim->client, sim->store.inner, t); }
static inline struct str rig_state(const struct sim_task *t) { return str_of(state_word(rig_look(t)->life.state)); }
#define CHECK_TASK(t, word) CHECK_STR(rig_state(t), (word))
#define CHECK_CODE(t, word) CHECK_STR(rig_look(t)->ending.failure.code, (word))

static inline struct sim_control *rig_cancel(struct sim_task *t)
{
    struct sim_control *m = sim_cancel(&sim->client, t);
    sim_run(sim);
    return m;
}

static inline struct queue *rig_queue(const char *name) { return queue_find(&sim->server.queues, str_of(name)); }
static inline int rig_busy(void) { return sim_process_busy(&sim->processes); }

/* One whose process runs since a moment: the worker has loaded. */
static inline struct sim_task *rig_running(const struct sim_ask *ask)
{
    struct sim_task *t = rig_submit(ask);
    sim_pass(sim, 1000);
    CHECK_TASK(t, "running");
    return t;
}
#define RUNNING(...) rig_running(&(struct sim_ask){__VA_ARGS__})

#endif
