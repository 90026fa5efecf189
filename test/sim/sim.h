/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole server inside one test: struct server with a store behind a decorator that can be slow or away (`mem`, or
 * `sqlite` on a disk that can lose its power), played processes, a clock that stands until the test moves it, chance
 * from a seed. Hours of queue life take milliseconds, and the same seed lives the same hours.
 *
 *   sim_client  submits, cancels, retries, waits, looks ──asked, told──▶ sim_history ──▶ sim_check: what is promised
 *        │                                                                ▲     ▲
 *        ▼                                                                │     │ tasks given, processes gone
 *   struct server ──▶ sim_store ──▶ mem, sim_disk ──── every answer ── sim_watch │
 *        └─────▶ pools, exec ──▶ sim_process ────────────────────────────┴──────┘
 *
 * The first promise that is broken is kept as a sentence in check.broken; a test ends with CHECK_STR(.., "").
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "server/server.h"
#include "test/sim/sim_client.h"
#include "test/sim/sim_disk.h"
#include "test/sim/sim_ear.h"
#include "test/sim/sim_process.h"
#include "test/sim/sim_puller.h"
#include "test/sim/sim_store.h"
#include "test/sim/sim_watch.h"

#define SIM_DIR_PATH 64
#define SIM_START_MS INT64_C(1700000000000) /* wall, at the beginning */

/* Borrowed until sim_close. Types may be in any order, prefixes last. A type without queue is of the first queue. */
struct sim_conf {
    uint64_t seed;
    const struct config_queue *queues;
    size_t n_queues;
    const struct ration_amount *resources; /* NULL: none */
    const struct worker_pool_conf *pools;
    size_t n_pools;
    const struct config_type *types;
    size_t n_types;
    const struct retain_rules *retain; /* of every type; NULL: everything is kept */
    bool ear;                          /* somebody listens */
    bool disk;                         /* `sqlite` on a simulated disk; else `mem` */
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
    char dir[SIM_DIR_PATH];
    struct sim_processes processes;
    struct sim_pullers pullers; /* none unless sim_puller_go */
    struct sim_store store;
    struct sim_client client;
    struct sim_check check;
    struct sim_history history;
    struct sim_watch watch;
    struct sim_ear ear;  /* server NULL: nobody listens */
    struct sim_disk disk; /* dir NULL: there is none */
    struct server server;
    int serving, drained, closed; /* calls of on_.. */
};

/* Where the simulation of process `pid` keeps its files; it goes with sim_close. */
void sim_dir_of(pid_t pid, char dir[SIM_DIR_PATH]);
struct sim *sim_new(const struct sim_conf *conf); /* not started: rules may be set */
void sim_start(struct sim *s);                    /* the server, and what can be done at once */
struct sim *sim_open(const struct sim_conf *conf); /* both */
/* Drains, closes, frees. False: it did not drain within ten minutes, or something was left; the reason is printed. */
bool sim_close(struct sim *s);

/* With a disk: the server is gone in the middle of whatever it did (soon: at the sync of that number from now, 0 at
 * once), and its processes with it. sim_crash must follow before anything else is asked. */
void sim_cut_soon(struct sim *s, int syncs);
void sim_fail_syncs(struct sim *s, int n); /* so many of the next ones fail, and the disk goes on */
void sim_spare(struct sim *s);             /* neither of it will be */
bool sim_is_cut(const struct sim *s);
/* Then, `down_ms` later, another server opens what is left. What is there is looked up, and who waited waits again. What
 * the old one had in memory is never freed: for lives in processes of their own (sim_farm). */
void sim_crash(struct sim *s, int64_t down_ms);

void sim_run(struct sim *s);               /* all that can be done at this moment; not further once the power is cut */
void sim_pass(struct sim *s, int64_t ms);  /* lets time pass, stopping at everything that is due on the way */
void sim_wall_jump(struct sim *s, int64_t ms);
int64_t sim_wall_ms(const struct sim *s);
void sim_drain(struct sim *s);             /* s->drained counts */
int32_t sim_coming(const struct sim *s, const struct queue *q); /* tasks claimed, or maybe, and not handed over: counted anew */
bool sim_has_dir(const struct sim *s, const struct id *id, int run, int number); /* of that attempt */
int sim_dirs(const struct sim *s);         /* of attempts, all of them */

#endif
