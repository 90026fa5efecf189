/* SPDX-License-Identifier: Apache-2.0
 *
 * One attempt, from its claim to the commit of its verdict.
 *
 *   starting ──handler took it──▶ running ──cancel, timeout, shutdown──▶ stopping
 *      │                             │ verdict                             │ verdict
 *      │ could not be started        ▼                                     ▼
 *      └──────(released)──────▶  settling ──committed──▶ over (freed)
 *                                 ▲    │ store away
 *                                 └────┘ again in 250 ms, 500 ms .. 5 s
 *
 * Room in queue and handler is free from the verdict on, so that the settle and the next claim share a commit.
 */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include "handler/handler.h"
#include "server/attempt_dir.h"
#include "server/dispatch.h"
#include "server/logbook.h"

enum run_state { RUN_STARTING, RUN_RUNNING, RUN_STOPPING, RUN_SETTLING };

struct server;

struct run {
    struct attempt attempt;
    struct server *server;  /* borrowed */
    struct lane *lane;      /* borrowed */
    struct arena arena;     /* owned: body, verdict, log text */
    struct task_body body;  /* strs in the arena */
    struct life life;       /* as claimed; cancel_requested is kept up */
    enum run_state state;
    char dir[ATTEMPT_DIR_PATH];
    struct logbook log;
    struct buf progress;    /* the last one as JSON object; empty: none */
    struct timer timeout;
    struct store_settle settle;
    struct store_settle_item item;
    struct timer settle_again;
    int64_t settle_delay_ms;
    struct list link;       /* in server->runs */
};

/* Starts an attempt that was claimed. Copies the item, or takes the arena when `alone`. */
void run_begin(struct server *s, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool alone);
void run_stop(struct run *r, enum stop_reason why); /* idempotent; nothing once the verdict is there */

#endif
