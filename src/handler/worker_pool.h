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
#include "handler/sandbox.h"

/* What may be handed to a process at one time. */
struct worker_batch_conf {
    int max;          /* tasks; 0: as many as the process says, 1 .. LIMIT_BATCH */
    int64_t delay_ms; /* how long its oldest task may wait for others to come; 0: what is there is taken */
    int64_t cost;     /* sum of the costs of its tasks; 0: no ceiling. One that is over it by itself runs alone */
};

/* Where a warm-up works: directories of the server's. */
struct worker_dirs {
    /* An empty one, its absolute path in *ret_path, which the caller frees. ERR_FULL, ERR_IO. */
    int (*make)(struct worker_dirs *d, char **ret_path, struct err *e);
    void (*discard)(struct worker_dirs *d, const char *path); /* it is over */
};

/* What a process does before it is given tasks: a task whose result nobody sees. */
struct worker_warmup_conf {
    const char *type;  /* NULL: nothing, and the rest is not looked at */
    const char *input; /* JSON text; NULL: {} */
    struct worker_dirs *dirs; /* Not in the configuration */
};

struct worker_pool_conf { /* borrowed for as long as the pool lives */
    const char *name;
    const char *const *command; /* argv */
    const char *const *env;     /* NAME=VALUE */
    const char *const *secret_env; /* NAME=VALUE: never shown */
    const char *cwd;            /* NULL: bide's */
    int instances;              /* >= 1, default 1 */
    int concurrency;            /* most tasks a process has open at a time; 0: as many as it says; 1: a batch at a time */
    struct worker_batch_conf batch;
    bool load_at_boot;          /* load: boot */
    int64_t keep_alive_ms;      /* after the last task; 0: end at once when idle and nothing waits; -1: forever; default 10 min */
    int64_t ready_timeout_ms;   /* from its start until it is ready and warmed up; default 2 min */
    struct worker_warmup_conf warmup;
    int64_t ping_timeout_ms;    /* without an answer, of one that answers pings; 0: 30 s */
    int64_t stall_timeout_ms;   /* without a word of a task; 0: any time */
    int64_t max_tasks;          /* a process is replaced after so many, or up to a tenth less; 0: any number */
    int64_t max_age_ms;         /* a process is replaced after the first task that ends so long after its start; 0: any age */
    int64_t max_rss;            /* bytes: a process is replaced when it is larger after a task; 0: any size */
    struct sandbox_conf sandbox;
    const struct ration_amount *needs; /* of a process, as listed in the configuration; NULL: nothing */
    int64_t prefer_warm;         /* with `needs`: times its loading time that a process with more to do goes on though others wait */
    struct resources *resources; /* which those are of; not looked at without `needs`. Not in the configuration */
    int preload;                /* so many are started, and none ends, until it is first told what is wanted; 0. Not in the configuration */
    int64_t backoff_first_ms;   /* first delay before a process is started again; 0: 1 s. Not in the configuration */
    int64_t backoff_cap_ms;     /* longest delay, and how often a broken one is tried; 0: 5 min. Not in the configuration */
};

int worker_pool_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct worker_pool_conf *conf);

#endif
