/* SPDX-License-Identifier: Apache-2.0
 *
 * How work gets done. server/run holds an attempt and hands it to a handler; the handler answers with exactly one
 * verdict. `worker` (a pool of long-lived processes that speak bide/1) and `exec` (one process per attempt) are the
 * handlers of this floor; a simulation brings its own.
 *
 *   run: start ──▶ handler ──▶ on_progress* on_log* ──▶ on_verdict (once, last)
 *        stop  ──▶ (ladder: ask, SIGTERM, SIGKILL) ──▶ on_verdict within grace + 1 s
 */
#ifndef HANDLER_HANDLER_H
#define HANDLER_HANDLER_H

#include "base/log.h"
#include "base/turn.h"
#include "handler/child.h"
#include "task/task.h"

#define HANDLER_AHEAD_MS 25 /* work that a process may find claimed when it is done: enough to hide a slow commit */

struct handler;
struct attempt;

enum stop_reason { STOP_CANCEL, STOP_TIMEOUT, STOP_SHUTDOWN }; /* words in the cancel frame: user, timeout, shutdown (of the server, or of the worker alone) */

struct progress { /* borrowed for the call */
    double percent;     /* 0..100; negative: not said */
    struct str message; /* at most LIMIT_MESSAGE */
    struct str data;    /* JSON object; empty: none; at most LIMIT_PROGRESS_DATA */
};

struct verdict { /* borrowed for the call */
    enum life_event event;      /* LIFE_DONE FAILED TIMEOUT CRASHED STOPPED RELEASED UNSTARTED */
    struct failure failure;     /* for all but DONE, RELEASED, UNSTARTED and STOPPED; attempt and at_ms are set by the run */
    bool retryable;             /* FAILED */
    int64_t retry_after_ms;     /* FAILED; 0: the policy's */
    struct str result;          /* DONE: JSON text, at most LIMIT_RESULT, valid */
    struct str files;           /* DONE: JSON array of strings naming files in the attempt's directory; empty: none */
    struct str shortage;        /* RELEASED, UNSTARTED: what the machine ran out of; the run waits before the next start; empty: nothing */
};

struct attempt_events {
    void (*on_progress)(struct attempt *a, const struct progress *p);
    void (*on_log)(struct attempt *a, struct str bytes); /* captured stdout, stderr and log frames, as text */
    void (*on_verdict)(struct attempt *a, const struct verdict *v);
};

/* Embedded in the run that owns it; everything but `inside` is set by the run before start and stays until on_verdict. */
struct attempt {
    const struct task_body *task; /* borrowed from the run */
    uint64_t fence;
    int32_t run, number;
    int32_t deaths;               /* attempts of this run that ended their worker, before this one */
    const char *dir;              /* absolute path of its directory, which exists; files it makes there are its output */
    const struct attempt_events *events;
    struct handler *handler;
    void *inside;                 /* the handler's */
};

/* Why a handler has no room, for waiting_on. */
enum handler_wait { HANDLER_READY, HANDLER_BUSY, HANDLER_STARTING, HANDLER_BROKEN };

/* What people ask of one worker: another process after its task; none, its task given back. */
enum handler_verb { HANDLER_RECYCLE, HANDLER_STOP };

/* One live process, for GET /v1/workers. Strs are borrowed for the call of each(). */
struct worker_view {
    struct str id;            /* "speech-1" */
    struct str pool;
    const char *state;        /* off starting idle busy stopping backoff broken */
    int pid;                  /* 0: none */
    bool loaded;              /* said ready */
    int64_t started_at_ms;    /* wall, 0 none */
    int64_t ready_ms;         /* from start to ready, 0 unknown */
    int64_t loads;            /* times a process said ready since the server started */
    int64_t restarts;         /* unplanned ends since the server started */
    int64_t tasks;            /* verdicts given by this process */
    int64_t rss_bytes;        /* of the program, 0 unknown */
    const struct attempt *const *open; /* attempts it has now */
    size_t n_open;
    int64_t retry_at_ms;      /* backoff: when it is started again (wall) */
    struct str problem;       /* why the last start failed, empty: none */
    int64_t dropped;          /* frames for unknown or ended attempts since the server started */
};

struct handler_ops {
    /* How many attempts of this type it would take now. 0: it calls on_room when that changes. */
    int (*room)(struct handler *h);
    /* How many more may be claimed before there is room, since it will be there within HANDLER_AHEAD_MS. */
    int (*ahead)(struct handler *h);
    /* How many tasks wait for it: a pool starts its processes by this. */
    void (*want)(struct handler *h, size_t waiting);
    /* 0: exactly one on_verdict follows, never from inside this call. Error: nothing follows. */
    int (*start)(struct handler *h, struct attempt *a, struct err *e);
    void (*stop)(struct handler *h, struct attempt *a, enum stop_reason why); /* again with the same or another reason: no effect */
    enum handler_wait (*waiting)(struct handler *h, struct err *ret_detail); /* BROKEN: the reason in words */
    void (*each)(struct handler *h, void (*f)(void *user, const struct worker_view *w), void *user);
    /* By the id of its view. ERR_NOT_FOUND: not here; ERR_CONFLICT with the reason: no process there, or one of a task. */
    int (*control)(struct handler *h, struct str worker_id, enum handler_verb verb, struct err *e);
    /* Ends idle processes now and the others when their attempts end (drain). on_drained once. */
    void (*drain)(struct handler *h, void (*on_drained)(void *user), void *user);
    void (*free)(struct handler *h); /* after on_drained */
};

struct handler {
    const struct handler_ops *ops;
    struct turn *turn;                     /* borrowed */
    void *user;                            /* the server's */
    void (*on_room)(struct handler *h);    /* room may have grown */
    void (*on_event)(struct handler *h, enum log_level level, const char *what); /* for the server's log: started, ready, died, broken; may be NULL */
};

#endif
