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
 * from the verdict on, so that the settle and the next claim share a commit; after a step of a chain, from the commit on, so that
 * its next step, which comes first, is not behind one that was claimed meanwhile.
 */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include "handler/handler.h"
#include "server/attempt_spare.h"
#include "server/chain.h"
#include "server/checkpoint.h"
#include "server/dispatch.h"
#include "server/logbook.h"
#include "server/news.h"
#include "task/pieces.h"

enum run_state { RUN_CLAIMED, RUN_RUNNING, RUN_STOPPING, RUN_SETTLING };

struct server;

/* Runs that were handed over together; freed with the last of them. */
struct run_batch {
    int32_t size, open;
    int64_t started_ms; /* mono */
    uint64_t seen;      /* by who counts batches: eta_at.c */
};

struct run {
    struct attempt attempt;
    struct server *server;  /* borrowed */
    struct lane *lane;      /* borrowed */
    struct arena arena;     /* owned: body, what it resumes from, verdict, log text */
    struct task_body body;  /* strs in the arena; of a chain, that of its step */
    struct str type;        /* of the task */
    struct chain *chain;    /* in the arena; NULL: it is of none */
    struct life life;       /* as claimed; cancel_requested is kept up */
    enum run_state state;
    struct run_batch *batch; /* NULL: not handed over */
    bool in_stream;         /* of short ones, one after the other */
    struct attempt_place place; /* its directory */
    struct logbook log;
    struct pieces output;
    struct news_pace pace;  /* of what is told of its progress */
    struct buf progress;    /* the last one as JSON object; empty: none */
    struct checkpoint *checkpoint; /* owned; NULL: it has saved none */
    const struct file *files; /* that its input names and that were there, in the arena */
    size_t n_files;
    int32_t resumed_from;   /* the attempt whose checkpoint it was given; 0: none */
    struct timer timeout;   /* of the attempt; claimed: of the wait for room */
    struct run *next_ahead; /* claimed: the next in the order of those that wait for room there */
    struct store_settle settle;
    struct store_settle_item item;
    struct timer settle_again;
    int64_t settle_delay_ms;
    struct list link;       /* in server->runs */
};

/* An attempt that was claimed: it waits (ahead.h), or ends when its chain has no input for it. Copies the item, or takes the arena when it is the only one there. */
void run_begin(struct server *s, struct lane *lane, const struct store_claim_item *item, struct arena *arena, bool only);
void run_stop(struct run *r, enum stop_reason why); /* idempotent; nothing once the verdict is there */
/* One that a puller has from an earlier server. Takes the arena, in which the task is. */
void run_resume(struct server *s, const struct task *t, struct arena *arena);
/* It is with a puller, and goes on without this server. */
bool run_is_leased(const struct run *r);
void run_leave(struct run *r); /* such a one: forgotten here, as it is in the store */

/* For ahead.c */
void run_start_batch(struct run *const *runs, size_t n); /* there is room; 1 <= n <= LIMIT_BATCH, all of one lane */
void run_give_back(struct run *r); /* never started: its task goes back to its place, or ends if it was cancelled */

/* For run_leased.c */
void run_begin_attempt(struct run *r, struct handler *h);
void run_finish(struct run *r, const struct verdict *v);
void run_leave_batch(struct run *r);
void run_on_timeout(struct timer *t);

#endif
