/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers elsewhere that are only played: each asks the server's desk for attempts, beats while it works, gives its
 * verdict, and asks again. What it does with a task stands in the task's input, as in sim_process.h; what would end or
 * silence a process there (crash, junk, deaf, stubborn) is here a failure worth another try, or waiting to be stopped.
 *
 *   resting ──▶ asking ──attempts──▶ working (beats, to the end of each) ──▶ resting
 *      ▲           └──────────── killed: gone without a word ──────┘
 *      └── another, with another name
 *
 * Pullers live on when the server is gone: they beat until there is another one.
 */
#ifndef SIM_SIM_PULLER_H
#define SIM_SIM_PULLER_H

#include "server/server.h"
#include "test/sim/sim_history.h"

#define SIM_PULLERS 3

struct sim_pullers;
struct sim_client;
struct sim_puller {
    struct sim_pullers *all;
    char name[32];
    bool asking;
    struct pull_claim claim;
    struct str types[2];
    struct list works;   /* of what it has */
    struct timer again;  /* resting: until it asks */
};

struct sim_pullers {
    struct sim_puller each[SIM_PULLERS];
    struct server *server;     /* borrowed, all of them */
    struct sim_history *history;
    struct sim_client *client;
    struct rng *rng;
    const char *const *types;  /* what they ask for: 2 of them; NULL: there are no pullers */
    int64_t *started;          /* the number of the last process that was ever started */
    int64_t kills, done, lost; /* seen so far; lost: told that it is not theirs any more */
};

/* They begin to ask when sim_puller_go is called. */
void sim_puller_open(struct sim_pullers *all, struct server *server, struct sim_history *history, struct sim_client *client,
                     struct rng *rng, int64_t *started);
void sim_puller_go(struct sim_pullers *all, const char *const *types);
void sim_puller_kill(struct sim_pullers *all, int which); /* gone; another comes in its place */
void sim_puller_crashed(struct sim_pullers *all); /* the server is gone; another is there, with another turn */
void sim_puller_leave(struct sim_pullers *all);   /* all of them, without a word */
int sim_puller_busy(const struct sim_pullers *all); /* attempts they have */

#endif
