/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes that are only played: a spawner whose children speak bide/1 on the test's clock. What a process does with
 * a task stands in the task's input:
 *
 *   {"do": "crash fail done", "ms": 500}     the first attempt crashes, the second fails, all others are done, each
 *                                            after 500 ms; "progress": 3 says so many before, and streams "attempt.left " with each, "log": N prints N bytes,
 *                                            "out": 1 names out.txt; "save": 1 saves a number never saved before with
 *                                            each progress and at the end
 *
 *   done      a result                        crash     the process ends by a signal
 *   fail      a failure worth another try     junk      writes something that is no frame
 *   fatal     a failure for good              hang      says nothing until it is asked to stop
 *   late      answers a request to stop with done       heedless  done, whatever it is asked; SIGTERM ends it
 *   deaf      nothing; only SIGTERM ends it   stubborn  nothing; only SIGKILL ends it
 *
 * A worker may be given several tasks, in one frame or one after the other, as far as it has said that it takes them; each
 * is done in its own time, at once with the others.
 *
 * A process with bytes on stdin is one of exec, whose command line is `sim {attempt} {id}`; the others are workers.
 */
#ifndef SIM_SIM_PROCESS_H
#define SIM_SIM_PROCESS_H

#include "base/buf.h"
#include "base/id.h"
#include "base/list.h"
#include "base/turn.h"
#include "handler/child.h"
#include "test/sim/sim_plan.h"

struct sim_processes;
struct sim_process {
    struct sim_processes *all;
    struct child *child;  /* NULL: over */
    struct list link;
    bool exec, ready, closed;
    int64_t number_of_all; /* of all that were ever started, from 1: one is never used again */
    char pool[16];        /* of a worker: its second word; empty: it has none */
    struct list works;    /* of struct sim_work: what it works on */
    struct timer timer;   /* loading, stopping */
    struct later dying;
    int status, signal;   /* of its death */
    int sys;              /* not 0: it was never born, for this errno */
};

/* One task: from its run frame to its verdict or the death of its process. */
struct sim_work {
    struct sim_process *process;
    struct list link;
    int64_t batch;        /* the frame it came with, of all that were ever sent, from 1 */
    struct id id;
    uint64_t fence;
    int number;           /* of the attempt */
    enum sim_deed deed;
    int64_t ms;
    int progress, log_bytes;
    bool saves;
    int64_t resume;       /* the number it was given; 0: none */
    bool names;           /* out.txt as output, which the test has to make */
    bool asked;           /* to stop */
    struct timer timer;   /* the next thing that happens to it */
};

struct sim_processes {
    struct spawner spawner;
    struct turn *turn;     /* borrowed */
    struct list alive;
    int64_t load_ms;       /* from start to ready */
    int64_t obey_ms;       /* from a request to stop to its answer */
    int fail_loads;        /* so many of the next ones end before they are ready */
    int fail_starts;       /* so many of the next starts are refused by the system */
    int fail_forks;        /* so many of the next ones cannot be born: their keepers find no process to fork */
    int fail_sends;        /* so many of the next frames are not taken by a process that goes on */
    int gone_sends;        /* so many of the next frames find that their process has just ended */
    bool mute;             /* never ready */
    int max_batch, concurrency; /* as workers say when they are ready; 1 */
    bool any_input;        /* inputs come from who knows whom: what is no plan is "done" */
    int64_t started;       /* ever */
    int64_t batches;       /* run frames and starts of exec, ever */
    int runs, crashes, kills, terms, cancels, stops; /* seen so far */
    int loaded;            /* workers that said ready */
    int64_t saved;         /* the last number that was saved */
    void *user;
    void (*on_start)(void *user, const struct sim_process *p); /* one is there that was not */
    void (*on_begin)(void *user, const struct sim_work *w); /* a task was given */
    void (*on_save)(void *user, const struct sim_work *w);  /* it saves `saved` now */
    void (*on_left)(void *user, const struct sim_work *w);  /* it is worked on no more */
};

void sim_process_open(struct sim_processes *all, struct turn *turn);
int sim_process_count(const struct sim_processes *all); /* alive */
int sim_process_busy(const struct sim_processes *all);  /* with a task */
void sim_process_kill_all(struct sim_processes *all);   /* as the kernel would: each ends by SIGKILL, in the next turn */
/* With their server: as after kill -9, when the keepers have done their work. Nobody is told; the turn must be new. */
void sim_process_forget_all(struct sim_processes *all, struct turn *turn);

#endif
