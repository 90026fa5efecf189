/* SPDX-License-Identifier: Apache-2.0
 *
 * One worker: a place in a pool that holds at most one process, from its start to the death of its tree, and the
 * attempts that the process has now (worker_slot.h). The machine is drawn in worker_pool.h; its table of allowed moves is in worker.c.
 * What happens (a frame, a death, a timer, a wish of the pool) is recorded as a fact here, and one step function
 * looks at the facts.
 */
#ifndef HANDLER_WORKER_H
#define HANDLER_WORKER_H

#include "base/limits.h"
#include "handler/capture.h"
#include "handler/frame.h"
#include "handler/given.h"
#include "handler/ladder.h"
#include "handler/lines.h"
#include "handler/pace.h"
#include "handler/worker_pool.h"

enum worker_state {
    WORKER_OFF, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_STOPPING, WORKER_BACKOFF, WORKER_BROKEN, WORKER_STATES
};

/* Why a process is being ended. */
enum worker_ending {
    ENDING_NOT,     /* it is not */
    ENDING_PLANNED, /* keep_alive, recycle, stop, drain: an open attempt is waited for */
    ENDING_LADDER,  /* its attempt was stopped and it did not obey */
    ENDING_FAILED   /* junk, no ready in time, its input closed: killed at once */
};

struct worker;
struct worker_events {
    void (*on_change)(struct worker *w); /* its state changed or it may be unloaded; look at it later, not from inside */
    void (*on_nearly)(struct worker *w); /* its batch should be over within HANDLER_AHEAD_MS (worker_slot_ahead) */
    void (*on_event)(struct worker *w, enum log_level level, const char *what);
};

struct worker {
    const struct worker_pool_conf *conf; /* borrowed, as are turn, spawner and events */
    struct turn *turn;
    struct spawner *spawner;
    const struct worker_events *events;
    void *user;                /* the pool's */
    char id[LIMIT_NAME + 16];  /* "speech-1" */
    struct arena arena;        /* owned: env */
    const char *const *env;    /* of its processes (worker_env.h) */
    struct str reason;         /* owned: why the last process failed, one line; empty: none */
    struct str problem;        /* owned: the same with what it said last; empty: none */
    struct str fault;          /* owned: what this process is being ended for; empty: nothing */

    enum worker_state state;
    int64_t state_since_ms;    /* wall */
    enum worker_ending ending;
    bool wanted;               /* the pool asked for a start */
    bool held;                 /* loaded at boot: started again without being wanted, until keep_alive unloads it */
    bool draining;             /* never started again */
    bool gives_way;            /* given nothing more, for somebody waits for what it holds (resources.h) */
    int64_t room_at_ms;        /* mono; when it last had given way and was let go on; 0: it never was */
    bool told;                 /* this process was to be stopped (worker_wish.h): its end is no restart */
    bool ready;                /* this process said ready, and has done its warm-up */
    struct worker_warmup *warmup; /* owned: under way, after it said ready (worker_warmup.h); NULL: none */
    bool deaf;                 /* it wrote junk: nothing it says counts any more */
    bool dead;                 /* its tree is dead, or it was never born */
    bool rested;               /* the backoff is over */
    struct attempt **open;     /* owned: the attempts it has now, the one given first is the first */
    size_t n_open, cap_open;
    int max_batch, concurrency; /* >= 1: what the process said, within the configuration */
    int64_t given_at_ms;       /* mono: when it was given something last */
    bool pings;                /* it said that it answers them */
    struct worker_watch {      /* worker_watch.h */
        struct timer timer;
        int64_t share;         /* tasks this process may do; 0: any number */
        int64_t rss_at_ms;     /* mono: its size was looked up last */
        int64_t pong_at_ms;    /* mono: the last, or when it was given something after it was idle */
        int64_t n;             /* pings sent */
        bool pinged;           /* since then */
    } watch;
    struct timer hung_up;      /* it closed descriptor 4: how long it may still take to end */
    struct timer nearly;       /* busy with a batch that should take longer: until on_nearly */
    struct timer timer;        /* starting: ready_timeout; idle: keep_alive; backoff, broken: the next try */

    struct child child;
    struct lines lines;
    struct frame_parser parser;
    struct capture out, err;
    struct ladder ladder;
    struct given given;
    struct pace pace;

    int in_a_row;              /* failures since the last good verdict or quiet time; a task's first death only */
    int64_t failed_at_ms;      /* mono, the last of them; INT64_MIN: none */
    int64_t started_at_ms, ready_at_ms, idle_at_ms; /* mono */
    int64_t started_wall_ms, ready_ms; /* as in worker_view */
    int64_t loads, restarts, tasks;    /* as in worker_view */
    int64_t dropped;           /* frames for unknown or ended attempts */
};

void worker_init(struct worker *w, const struct worker_pool_conf *conf, int number, struct turn *turn,
                 struct spawner *spawner, const struct worker_events *events, void *user);
void worker_release(struct worker *w); /* it must be off */
/* Starts a process if it is off. Never from inside a callback of a child. */
void worker_start(struct worker *w);
bool worker_is_rested(const struct worker *w); /* it has been idle for keep_alive */
/* Ends the process when it has no attempt, now or later; after worker_drain it stays off. Legal in every state. */
void worker_end(struct worker *w);
void worker_drain(struct worker *w);
int64_t worker_retry_in_ms(const struct worker *w); /* backoff, broken: until the next try; else 0 */
struct worker_view worker_view(const struct worker *w); /* borrowed until the next call on w */

/* For worker_read.c, worker_slot.c and worker_view.c */
void worker_step(struct worker *w);  /* facts were recorded: goes where they lead */
void worker_loaded(struct worker *w); /* it may be given tasks */
/* The process is of no use and is killed; "did not say ready within 2m". The attempts it has hear of it by its death. */
void worker_fail(struct worker *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
