/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `worker`: a pool of long-lived processes speaking bide/1 (doc/protocol.md). One pool may serve several
 * types. Each process is a state machine (worker.c):
 *
 *   off ──want──▶ starting ──ready──▶ idle ⇄ busy
 *    ▲              │ no ready, died     │ keep_alive, drain, wish       died, junk
 *    │              ▼                    ▼                                 │
 *    └─ backoff ◀───┴───────────────  stopping                            │
 *          ▲ └── 5 in a row: broken (tried again every 5 min)              │
 *          └───────────────────────────────────────────────────────────────┘
 */
#ifndef HANDLER_WORKER_POOL_H
#define HANDLER_WORKER_POOL_H

#include "handler/handler.h"

struct worker_pool_conf { /* borrowed for as long as the pool lives */
    const char *name;
    const char *const *command; /* argv */
    const char *const *env;     /* NAME=VALUE */
    const char *const *secret_env; /* NAME=VALUE: never shown */
    const char *cwd;            /* NULL: bide's */
    int instances;              /* >= 1, default 1 */
    int concurrency;            /* tasks a process works on at a time: 1 */
    bool load_at_boot;          /* load: boot */
    int64_t keep_alive_ms;      /* after the last task; 0: end at once when idle and nothing waits; -1: forever; default 10 min */
    int64_t ready_timeout_ms;   /* default 2 min */
    int64_t backoff_first_ms;   /* first delay before a process is started again; 0: 1 s. Not in the configuration */
    int64_t backoff_cap_ms;     /* longest delay, and how often a broken one is tried; 0: 5 min. Not in the configuration */
};

int worker_pool_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct worker_pool_conf *conf);

#endif
