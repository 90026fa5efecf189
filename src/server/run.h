/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt, from its claim to the commit of its verdict.
 *
 *   claimed ──handler took it──▶ running ──cancel, timeout, shutdown──▶ stopping
 *      │                            │ verdict                             │ verdict
 *      │ cancelled, no room in time,▼                                     ▼
 *      └─could not be started─▶  settling ──committed──▶ over (freed)
 *                                 ▲    │ store away
 *                                 └────┘ again in 250 ms, 500 ms .. 5 s
 *
 * A claimed one waits for room in the handler only when it was claimed ahead (ahead.h). Room in queue and handler is free
 * from the verdict on, so that the settle and the next claim share a commit.
 */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include "handler/handler.h"
#include "server/attempt_spare.h"
#include "server/dispatch.h"
#include "server/logbook.h"

enum run_state { RUN_CLAIMED, RUN_RUNNING, RUN_STOPPING, RUN_SETTLING };

struct server;

struct run {
    struct attempt attempt;
    struct server *server;  /* borrowed */
    struct lane *lane;      /* borrowed */
    struct arena arena;     /* owned: body, verdict, log text */
    struct task_body body;  /* strs in the arena */
    struct life life;       /* as claimed; cancel_requested is kept up */
    enum run_state state;
    bool in_stream;         /* of short ones, one after the other */
    struct attempt_place place; /* its directory */
    struct logbook log;
    struct buf progress;    /* the last one as JSON object; empty: none */
    struct timer timeout;   /* of the attempt; claimed: of the wait for room */
    struct run *next_ahead; /* claimed: the next in the order of those that wait for room there */
    struct store_settle settle;
    struct store_settle_item item;
    struct timer settle_again;
    int64_t settle_delay_ms;
    struct list link;       /* in server->runs */
};

/* Starts an attempt that was claimed, now or when there is room. Copies the item, or takes the arena when `alone`. */
void run_begin(struct server *s, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool alone);
void run_stop(struct run *r, enum stop_reason why); /* idempotent; nothing once the verdict is there */

/* For ahead.c */
void run_start(struct run *r);     /* there is room */
void run_give_back(struct run *r); /* never started: its task goes back to its place, or ends if it was cancelled */

#endif
