/* SPDX-License-Identifier: Apache-2.0
 *
 * What bide promises about tasks, held against a history as it is told, fact by fact. Knows nothing of servers, stores
 * and processes: test_history.c tells it histories that were written by hand.
 *
 *  lost         an accepted task is there until somebody or its rules remove it; a refused one never is
 *  ending       per run one, and nothing after it; whoever waits hears of it once; one that is no success has a code
 *  attempt      one at a time; by one process at a time; its number and its fence are used once; only its fence may speak
 *  cost         failures, deaths and attempts count as the verdict says; tries are not exceeded
 *  order        of a lane nothing is claimed while something that comes first is ready, nor while something of a higher
 *               priority is; nothing before its time
 *  limit        no queue has more at work than its concurrency, or more waiting than its capacity takes
 *  stop         a cancelled or timed-out attempt is over within its grace and a second
 *  starved      nothing waits while a worker and a place in its queue are free; at the end everything has ended
 *  crash        what was answered is there after it; what was not may be; no attempt of before stands
 */
#ifndef SIM_SIM_CHECK_H
#define SIM_SIM_CHECK_H

#include "test/sim/sim_fact.h"

#define SIM_CHECK_VERBS (STORE_FAIL + 1)
#define SIM_CHECK_LIVE 4
#define SIM_CHECK_LIMITS 8

struct check_attempt { /* that a process works on */
    int64_t process, began_ms; /* process 0: none */
};

struct check_task {
    struct fact submitted;
    bool asked, accepted, refused, answered;
    bool maybe;  /* nobody knows whether the store took it: the server was gone before it said so */
    bool gone;   /* deleted, purged */
    enum task_state state;
    int64_t run, attempt, failures, deaths, fence, rank, due_ms;
    bool cancelled;          /* of the running attempt, asked for */
    int64_t claimed_ms;      /* mono */
    int64_t cancelled_ms;    /* mono; when that was answered */
    int64_t priority;
    bool priority_known;     /* a crash may have hidden whether it was changed */
    int64_t endings;         /* of this run */
    int64_t ended, told;     /* runs; endings that waiters heard of */
    bool has_code;
    int asks[SIM_CHECK_VERBS];      /* not answered yet */
    bool maybe_did[SIM_CHECK_VERBS]; /* nobody knows whether it was done */
    struct check_attempt live[SIM_CHECK_LIVE];
    int64_t fences[16];      /* the last ones */
    int n_fences;
};

struct sim_check {
    struct check_task *tasks; /* owned; number 1 first */
    size_t n, cap;
    struct {
        const char *queue;
        int64_t concurrency, capacity;
    } limits[SIM_CHECK_LIMITS];
    int n_limits;
    bool keeps;        /* nothing goes by age */
    bool down;         /* between a crash and the last of what is looked up after it */
    int64_t latest_wall_ms;
    char broken[512];  /* the first promise that was, as a sentence; "": none */
    int64_t broken_task;
    /* what was seen, for those who want to know that it was worth something: */
    int64_t claims, verdicts, stale, endings[TASK_STATES], released, late, crashes, purged;
    int64_t most_running; /* at one time */
};

void sim_check_open(struct sim_check *c);
void sim_check_close(struct sim_check *c);
void sim_check_fact(struct sim_check *c, const struct fact *f);
/* For what a fact cannot say. */
void sim_check_broken(struct sim_check *c, int64_t task, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* For those who draw: the model of a task. */
const struct check_task *sim_check_task(const struct sim_check *c, int64_t number);

#endif
