/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a task: what an event does to a state. Pure: no clock, no chance, no memory of its own. Every engine
 * and every test asks here; nobody else changes a state.
 *
 *             run_at, backoff
 *  submit ──▶ scheduled ──▶ pending ──▶ running ──▶ completed
 *     ▼           ▲            ▲           │ │
 *  blocked ───────┤            │           │ └────▶ failed
 *                 └── retrying ┴───────────┘ (or: a step of its chain is done, at once)
 *     any state that is not an ending ── cancel ──▶ cancelled      not started, start_by passed ──▶ expired
 *
 * Endings absorb. A verdict, a step and a save must carry the current fence. life.c holds the table of allowed moves.
 */
#ifndef TASK_LIFE_H
#define TASK_LIFE_H

#include "base/err.h"
#include "task/failure.h"
#include "task/retry.h"
#include "task/state.h"

#define LIFE_DEATHS_MAX 3 /* a task that ended its worker this often is poison */

/* What happened. The first eight are verdicts: how an attempt ended. The numbers of verdicts are stored. */
enum life_event {
    LIFE_DONE,      /* the handler gave a result */
    LIFE_FAILED,    /* the handler reported a failure */
    LIFE_TIMEOUT,   /* stopped because its timeout passed */
    LIFE_CRASHED,   /* its worker process ended in the middle; `shared`: with others open, so nothing is counted */
    LIFE_LOST,      /* the server or puller that ran it went away: nobody's fault */
    LIFE_STOPPED,   /* stopped because it was cancelled */
    LIFE_RELEASED,  /* given back untried (drain, a neighbour's crash) */
    LIFE_UNSTARTED, /* it could not even be started: as if it had never been claimed */
    LIFE_CLAIM,     /* an attempt starts */
    LIFE_DUE,       /* run_at or backoff reached */
    LIFE_CANCEL,    /* somebody asks for its end */
    LIFE_EXPIRE,    /* start_by passed */
    LIFE_RETRY,     /* somebody asks for another run */
    LIFE_REPLAN,    /* another priority (in the rules), another run_at_ms, or both */
    LIFE_COMPLETE,  /* somebody did the work elsewhere: it is done (not while an attempt is under way here) */
    LIFE_FAIL,      /* the same: it failed */
    LIFE_SAVE,      /* the attempt under way saves a checkpoint */
    LIFE_REPLACE,   /* another takes its key: its end is asked for, as LIFE_CANCEL does */
    LIFE_STEP,      /* the attempt did a step of its chain, and there is a next one */
    LIFE_UNBLOCK,   /* what it was blocked on is over; one that follows has its place since it was made */
    LIFE_EVENTS
};

/* What changes during a run: the narrow live row. Zeroed is not valid: see life_begin. */
struct life {
    enum task_state state;
    int32_t run;      /* from 1 */
    int32_t attempt;  /* attempts started in this run */
    int32_t failures; /* of them, those that count against max_attempts */
    int32_t deaths;   /* of them, those that ended their worker */
    bool cancel_requested : 1;
    bool replaced : 1; /* with cancel_requested: by one that takes its key */
    bool keyed : 1;   /* it holds its key; the index knows it, rows do not say it */
    bool cached : 1;  /* its result is to be kept for others; the index knows it, rows do not say it */
    bool follows : 1; /* blocked until an identical one has ended, for its result; the index knows it, rows do not say it */
    bool woken : 1;   /* that may be over: it is to be looked at; the same */
    bool sequel : 1;  /* something is to follow its ending; the index knows it, rows do not say it */
    bool saved : 1;   /* a checkpoint of this run is kept; the index knows it, rows do not say it */
    bool alone : 1;   /* its next attempt runs in a batch of its own: its worker died with several open */
    bool leased : 1;  /* the running attempt is held by a puller's lease: it outlives the process that gave it */
    uint64_t fence;   /* of the running attempt, else 0 */
    int64_t rank;     /* order within its queue: see order.h */
    int64_t eligible_at_ms; /* when it became eligible to run, or will (wall); of a blocked one, when it was made */
    int64_t due_at_ms;     /* scheduled: when it becomes pending (wall); else 0 */
    int64_t start_by_ms;   /* wall; must have started by then; 0: no such limit (also after a manual retry) */
    int64_t started_at_ms; /* when the current or last attempt started (wall); 0 never */
};

/* What does not change: the part of the body that the rules need. */
struct life_rules {
    int32_t priority;       /* -LIMIT_PRIORITY .. LIMIT_PRIORITY */
    int32_t max_attempts;   /* >= 1 */
    int64_t start_by_ms;    /* wall; 0: none; for the first run only */
    struct retry_policy retry;
};

struct life_input {
    enum life_event event;
    int64_t now_ms;          /* wall */
    uint64_t fence;          /* verdicts, step, save: of the attempt; claim: the new one */
    bool retryable;          /* LIFE_FAILED: what the handler said, or its code's default */
    int64_t retry_after_ms;  /* LIFE_FAILED: the handler's own choice of delay; 0: the policy's */
    uint64_t chance;         /* for jitter */
    int64_t run_at_ms;       /* LIFE_REPLAN: wall; 0: as it was. LIFE_UNBLOCK: its own; 0: at once */
    bool shared;             /* LIFE_CRASHED: its worker died with several attempts open: whose fault it was is not known */
    bool leased;             /* LIFE_CLAIM: by a puller, under a lease */
};

struct life_outcome {
    bool changed;               /* the life differs from before */
    bool ended;                 /* it reached an ending by this event */
    enum failure_code failure;  /* code that the rules add (poison, cancelled, expired); FAILURE_NONE: keep the verdict's */
};

/* The first life of run `run`: scheduled when run_at_ms > now_ms, else pending. */
struct life life_begin(const struct life_rules *rules, int32_t run, int64_t run_at_ms, int64_t now_ms);

/* The same of one that waits for something else first: blocked until LIFE_UNBLOCK. */
struct life life_begin_blocked(const struct life_rules *rules, int32_t run, int64_t now_ms);

/* Applies an event. 0 and *life, *ret filled; or, with nothing changed: ERR_STALE (a verdict, step or save whose fence is
 * not current, one after an ending), ERR_CONFLICT (the event has no meaning in this state: claim of a running
 * task, retry of one not ended). CANCEL of an ended task is 0 with changed = false. */
int life_step(struct life *life, const struct life_rules *rules, const struct life_input *in, struct life_outcome *ret) MUST_USE;

/* The word shown: `retrying` for scheduled with attempts behind it; a scheduled task whose time has come is pending. */
const char *life_word(const struct life *life, int64_t now_ms);
/* When the index must look at it again: due_at, or start_by when it has not started, or at once; INT64_MAX: never. */
int64_t life_next_ms(const struct life *life);
const char *life_verdict_word(enum life_event verdict); /* done failed timeout lost cancelled released; a crash is lost, too */

#endif
