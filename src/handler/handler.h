/* SPDX-License-Identifier: Apache-2.0
 *
 * How work gets done. server/run holds an attempt and hands it to a handler; the handler answers with exactly one
 * verdict. `worker` (a pool of long-lived processes that speak bide/1), `exec` (one process per attempt) and `pull`
 * (workers elsewhere that ask) are the handlers of this floor; a simulation brings its own.
 *
 *   run: start ──▶ handler ──▶ on_progress* on_save* on_log* on_output* ──▶ on_verdict (once, last)
 *        stop  ──▶ (ladder: ask, SIGTERM, SIGKILL) ──▶ on_verdict within grace + 1 s
 */
#ifndef HANDLER_HANDLER_H
#define HANDLER_HANDLER_H

#include "base/log.h"
#include "base/turn.h"
#include "handler/child.h"
#include "handler/sandbox.h"
#include "task/ration.h"
#include "task/task.h"

#define HANDLER_AHEAD_MS 25 /* work that a process may find claimed when it is done: enough to hide a slow commit */

struct handler;
struct attempt;

/* Words in the cancel frame: user, timeout, shutdown (of the server, or of the worker alone), stalled (nothing heard of it). */
enum stop_reason { STOP_CANCEL, STOP_TIMEOUT, STOP_SHUTDOWN, STOP_STALLED };

struct progress { /* borrowed for the call */
    double percent;     /* 0..100; negative: not said */
    struct str message; /* at most LIMIT_MESSAGE */
    struct str data;    /* JSON object; empty: none; at most LIMIT_PROGRESS_DATA */
};

struct verdict { /* borrowed for the call */
    enum life_event event;      /* LIFE_DONE FAILED TIMEOUT CRASHED LOST STOPPED RELEASED UNSTARTED */
    struct failure failure;     /* for all but DONE, RELEASED, UNSTARTED and STOPPED; attempt and at_ms are set by the run */
    bool retryable;             /* FAILED */
    int64_t retry_after_ms;     /* FAILED; 0: the policy's */
    struct str result;          /* DONE: JSON text, at most LIMIT_RESULT, valid */
    struct str files;           /* DONE: JSON array of strings naming files in the attempt's directory; empty: none */
    struct str next;            /* DONE: JSON list of submissions that are to follow the task; empty: none */
    bool shared;                /* CRASHED: its process had other attempts, too, and nobody knows which of them it was */
    struct str shortage;        /* RELEASED, UNSTARTED: what the machine ran out of; the run waits before the next start; empty: nothing */
};

struct attempt_events {
    void (*on_progress)(struct attempt *a, const struct progress *p);
    /* A checkpoint: JSON text, at most LIMIT_SAVE; empty: none is to be kept. */
    void (*on_save)(struct attempt *a, struct str data);
    void (*on_log)(struct attempt *a, struct str bytes); /* captured stdout, stderr and log frames, as text */
    /* Streamed output: piece n, or the next one when n is negative. False: it was the first that did not fit; none will. */
    bool (*on_output)(struct attempt *a, int64_t n, struct str text);
    void (*on_verdict)(struct attempt *a, const struct verdict *v);
};

/* Embedded in the run that owns it; everything but `inside` is set by the run before start and stays until on_verdict. */
struct attempt {
    const struct task_body *task; /* borrowed from the run */
    uint64_t fence;
    int32_t run, number;
    bool alone;                   /* its process has nothing else while it has this one */
    int32_t deaths;               /* attempts of this run that ended their worker, before this one */
    struct str resume;            /* what an earlier attempt of this run saved, JSON text; empty: nothing */
    const char *dir;              /* absolute path of its directory, which exists; files it makes there are its output */
    const struct attempt_events *events;
    struct handler *handler;
    void *inside;                 /* the handler's */
    /* The handler's, set by its start() or NULL: the verdict is in the store (0), or the store refused it (ERR_*). The last
     * that is heard of the attempt; the handler lives until then. */
    void (*on_over)(struct attempt *a, int err);
};

/* Why a handler has no room, for waiting_on. ABSENT: nobody is there who would do it. SCARCE: what its process needs is not free. */
enum handler_wait { HANDLER_READY, HANDLER_BUSY, HANDLER_STARTING, HANDLER_BROKEN, HANDLER_ABSENT, HANDLER_SCARCE };

/* What people ask of one worker: another process after its task; none, its task given back. */
enum handler_verb { HANDLER_RECYCLE, HANDLER_STOP };

/* One live process, for GET /v1/workers. Strs are borrowed for the call of each(). */
struct worker_view {
    struct str id;            /* "speech-1" */
    struct str pool;
    const char *state;        /* off starting idle busy stopping backoff broken; of a puller: idle busy away */
    int64_t state_since_ms;   /* wall; 0: not known */
    int pid;                  /* 0: none */
    bool loaded;              /* said ready */
    int64_t started_at_ms;    /* wall, 0 none */
    int64_t ready_ms;         /* from start to ready, 0 unknown */
    int64_t loads;            /* times a process said ready since the server started */
    int64_t restarts;         /* unplanned ends since the server started */
    int64_t tasks;            /* verdicts given by this process */
    int64_t max_tasks;        /* after so many it is replaced; 0: not for that */
    int64_t rss_bytes;        /* of the program, 0 unknown */
    const struct attempt *const *open; /* attempts it has now */
    size_t n_open;
    int max_batch, concurrency; /* tasks of one batch; tasks open at a time, 1: a batch at a time */
    int64_t retry_at_ms;      /* backoff: when it is started again (wall) */
    struct str problem;       /* why the last start failed, empty: none */
    int64_t dropped;          /* frames for unknown or ended attempts since the server started */
    const struct ration_amount *holds; /* of the configured resources, until it is dead; NULL: nothing */
    const struct sandbox_conf *sandbox; /* what it is confined to */
    struct str host;          /* a puller: where it says that it runs; empty: here, or not said */
    int64_t seen_at_ms;       /* a puller: when it was last heard of (wall); 0: no puller */
};

struct handler_ops {
    /* How many batches it would take now. 0: it calls on_room when that changes, and when ahead() does by the clock alone. */
    int (*room)(struct handler *h);
    /* How many more may be claimed before there is room, since it will be there within HANDLER_AHEAD_MS. */
    int (*ahead)(struct handler *h);
    /* Tasks of the largest batch it would take now; without room, of those it will take then. >= 1. */
    int (*batch)(struct handler *h);
    /* It would take one that must be alone: some process has nothing open. */
    bool (*empty)(struct handler *h);
    /* How many batches wait for it, and the priority of the best of them: a pool starts its processes by this. */
    void (*want)(struct handler *h, size_t waiting, int32_t priority);
    /* A batch of 1 <= n <= batch(), all of one lane; one that must be alone by itself, and when empty(). 0: exactly one on_verdict for each follows, never from inside this
     * call. Error: nothing follows. ERR_AWAY: the process that was to have it has just ended, and its place rests by itself. */
    int (*start)(struct handler *h, struct attempt *const *a, size_t n, struct err *e);
    void (*stop)(struct handler *h, struct attempt *a, enum stop_reason why); /* again with the same or another reason: no effect */
    enum handler_wait (*waiting)(struct handler *h, struct err *ret_detail); /* in words */
    void (*each)(struct handler *h, void (*f)(void *user, const struct worker_view *w), void *user);
    /* By the id of its view. ERR_NOT_FOUND: not here; ERR_CONFLICT with the reason: no process there, or one of a task. */
    int (*control)(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e);
    /* Ends idle processes now and the others when their attempts end (drain). on_drained once. */
    void (*drain)(struct handler *h, void (*on_drained)(void *user), void *user);
    void (*free)(struct handler *h); /* after on_drained */
};

/* For handlers that have room for one type and none for another, and share it with others of their kind. */
struct handler_typed {
    int (*room)(struct handler *h, struct str type); /* in place of ops->room, and less what is kept */
    /* Keeps n places, not more than there is room, for attempts on their way here, so that nobody else is told of them. */
    void (*keep)(struct handler *h, struct str type, int n);
    void (*let_go)(struct handler *h, struct str type, int n); /* so many that were kept: their attempt was started, or will not be */
    bool (*has_place)(struct handler *h, struct str type); /* for one that has come: one that was kept, or is free */
    /* Attempts of this handler are leased: they outlive the server. resume: one that a worker has from an earlier server,
     * as start. leave: forgets one that goes on without this server; no verdict follows. */
    void (*resume)(struct handler *h, struct attempt *a);
    void (*leave)(struct handler *h, struct attempt *a);
    enum handler_wait (*waiting)(struct handler *h, struct str type);
};

struct handler {
    const struct handler_ops *ops;
    const struct handler_typed *typed;     /* NULL: all its types are alike */
    struct turn *turn;                     /* borrowed */
    void *user;                            /* the server's */
    void (*on_room)(struct handler *h);    /* room may have grown, or ahead() */
    void (*on_event)(struct handler *h, enum log_level level, const char *what); /* for the server's log: started, ready, died, broken; may be NULL */
};

#endif
