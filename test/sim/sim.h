/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole server inside one test: struct server with the store `mem` behind a decorator that can be slow or away,
 * played processes, a clock that stands until the test moves it, chance from a seed. Hours of queue life take
 * milliseconds, and the same seed lives the same hours.
 *
 *   sim_client  submits, cancels, retries, waits, looks        sim_check  what is promised, watched all the time
 *        │                                                          ▲ ▲
 *        ▼                                                          │ │ tasks given
 *   struct server ──▶ sim_store ──▶ mem ──── every answer ──────────┘ │
 *        └─────▶ pools, exec ──▶ sim_process ─────────────────────────┘
 *
 * The first promise that is broken is kept as a sentence in check.broken; a test ends with CHECK_STR(.., "").
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "server/server.h"
#include "test/sim/sim_check.h"
#include "test/sim/sim_client.h"
#include "test/sim/sim_process.h"
#include "test/sim/sim_store.h"

#define SIM_START_MS INT64_C(1700000000000) /* wall, at the beginning */

/* Borrowed until sim_close. Types may be in any order, prefixes last. A type without queue is of the first queue. */
struct sim_conf {
    uint64_t seed;
    const struct config_queue *queues;
    size_t n_queues;
    const struct worker_pool_conf *pools;
    size_t n_pools;
    const struct config_type *types;
    size_t n_types;
    const struct retain_rules *retain; /* of every type; NULL: everything is kept */
};

extern const char *const sim_worker_command[]; /* of a pool */
extern const char *const sim_exec_command[];   /* of an exec type */

struct sim {
    struct clock clock;  /* of the turn */
    int64_t mono_ms, wall_ahead_ms; /* wall is mono and this */
    struct rng_seeded rng, test_rng; /* the server's; the test's own */
    struct turn turn;
    struct config config;
    struct config_type types[64];
    char dir[64];
    struct sim_processes processes;
    struct sim_store store;
    struct sim_client client;
    struct sim_check check;
    struct server server;
    int serving, drained, closed; /* calls of on_.. */
};

struct sim *sim_new(const struct sim_conf *conf); /* not started: rules may be set */
void sim_start(struct sim *s);                    /* the server, and what can be done at once */
struct sim *sim_open(const struct sim_conf *conf); /* both */
/* Drains, closes, frees. False: it did not drain within ten minutes, or something was left; the reason is printed. */
bool sim_close(struct sim *s);

void sim_run(struct sim *s);               /* all that can be done at this moment */
void sim_pass(struct sim *s, int64_t ms);  /* lets time pass, stopping at everything that is due on the way */
void sim_wall_jump(struct sim *s, int64_t ms);
int64_t sim_wall_ms(const struct sim *s);
void sim_drain(struct sim *s);             /* s->drained counts */
bool sim_has_dir(const struct sim *s, const struct id *id, int run, int number); /* of that attempt */
int sim_dirs(const struct sim *s);         /* of attempts, all of them */

#endif
