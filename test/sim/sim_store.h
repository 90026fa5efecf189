/* SPDX-License-Identifier: Apache-2.0
 *
 * A store that can be slow or away: a decorator around an engine. What a rule says about an operation happens to the
 * requests submitted while it stands:
 *
 *   submit ──in_ms──▶ engine ──▶ on_answer (the watcher) ──lag_ms──▶ out_ms ──▶ owner
 *      └──in_ms──▶ ERR_STORE, the engine never saw it
 *
 * lag_ms holds back answers and hints alike and keeps their order, as a commit under way does; out_ms of one operation
 * lets other answers overtake it, which an engine with one connection does not do.
 */
#ifndef SIM_SIM_STORE_H
#define SIM_SIM_STORE_H

#include "store/store.h"

struct sim_rule {
    int64_t in_ms, out_ms;
    int64_t in_jitter_ms; /* 0..this more, by chance */
    int fail_next;        /* so many of the next ones fail */
    unsigned fail_percent;
};

struct sim_store {
    struct store store;          /* given to the server */
    struct store *inner;         /* borrowed */
    struct rng *rng;             /* borrowed */
    struct store_events events;  /* for the engine */
    const struct store_events *outer_events; /* the server's */
    struct sim_rule rules[STORE_OPS];
    int64_t lag_ms;
    int64_t behind_ms; /* mono: nothing is told before what is on its way until then */
    int64_t newest_ms; /* mono: when the latest of what the engine was asked was submitted */
    bool away;                   /* everything fails */
    int n[STORE_OPS], failed[STORE_OPS]; /* submitted; of them, failed here */
    int outstanding;
    void *user;
    void (*on_answer)(void *user, const struct store_req *r); /* as the engine answered, the moment it did */
};

/* events of *s may be given to an engine after this. */
void sim_store_init(struct sim_store *s, struct turn *turn, struct rng *rng);
void sim_store_open(struct sim_store *s, struct store *inner);

#endif
