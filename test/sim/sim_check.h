/* SPDX-License-Identifier: Apache-2.0
 *
 * What bide promises about tasks, held against a history as it is told, fact by fact. Knows nothing of servers, stores
 * and processes: test_history.c tells it histories that were written by hand.
 *
 *  lost         an accepted task is there until somebody or its rules remove it; a refused one never is
 *  ending       per run one, and nothing after it; whoever waits hears of it once; one that is no success has a code
 *  heard        who listens hears of each ending once, or is told that some are missing
 *  attempt      one at a time; by one process at a time; its number and its fence are used once; only its fence may speak
 *  cost         failures, deaths and attempts count as the verdict says; tries are not exceeded
 *  order        of a lane nothing is claimed while something that comes first is ready, nor while something of a higher
 *               priority is; nothing before its time
 *  turn         of a fair queue's lane and priority no key starts more than a few while another waits for its turn
 *  limit        no queue has more at work than its concurrency, or of one key than it allows, or more waiting than its
 *               capacity takes; in no span of time more of it start than its burst and what its rate gives in that span, and one
 *               more for each time that the server was started anew
 *  once         of one type and key one task that has not ended, and beside it at most one that waits for its end
 *  cache        one that is answered without a run has the result of one of its type and input that is there and completed
 *  share        one that waits for the result of another follows an identical one in flight that does not come after it, and runs
 *               itself only when none is
 *  chain        its steps are done in their order, each once by an attempt of its own, with tries of its own; where it is, it
 *               stays until that is done, a crash or another run between
 *  stop         a cancelled or timed-out attempt is over within its grace and a second
 *  resume       an attempt goes on from the last checkpoint of its run that was kept, at least; what was said before a
 *               verdict is kept with it; nothing of another run or task
 *  starved      nothing waits while a worker and a place in its queue are free; at the end everything has ended
 *  crash        what was answered is there after it; what was not may be; no attempt of before stands
 */
#ifndef SIM_SIM_CHECK_H
#define SIM_SIM_CHECK_H

#include "test/sim/sim_fact.h"

#define SIM_CHECK_VERBS (STORE_FAIL + 1)
#define SIM_CHECK_LIVE 4
#define SIM_CHECK_LIMITS 8
#define SIM_CHECK_SAIDS 64
#define SIM_CHECK_KEYS 4
#define SIM_CHECK_PASSED 4 /* starts of one key while another waits for its turn */

struct check_attempt { /* that a process works on */
    int64_t process, began_ms; /* process 0: none */
    int64_t batch;             /* 0: of its own */
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
    int64_t step;            /* of a chain: under way or next, from 1; 0: it is none */
    int64_t from;            /* whose result this run has, 0: its own */
    int64_t priority;
    bool priority_known;     /* a crash may have hidden whether it was changed */
    int64_t endings;         /* of this run */
    int64_t ended, told;     /* runs; endings that waiters heard of */
    int64_t ended_run, heard_run; /* the last that ended; the last whose ending a listener heard of */
    enum task_state ended_as;
    bool unheard;            /* it ended while somebody listened, who has not heard of it */
    bool has_code;
    int asks[SIM_CHECK_VERBS];      /* not answered yet */
    bool maybe_did[SIM_CHECK_VERBS]; /* nobody knows whether it was done */
    struct check_attempt live[SIM_CHECK_LIVE];
    bool unranked;           /* its place was given when another one ended: nobody has told it */
    bool alone;              /* its worker died with others beside it: it must be tried by itself */
    int64_t fences[16];      /* the last ones */
    int n_fences;
    int64_t saids[SIM_CHECK_SAIDS]; /* checkpoints of this run, the last ones */
    int n_saids;
    int64_t said, kept, given; /* of the last attempt, 0: none; the one the store has; the one the last claim had */
    bool kept_unsure;        /* or a later one: a crash has hidden it */
    bool follows;            /* blocked until an identical one has ended */
    bool in_turn;            /* of a fair queue, waiting, and nothing else that its key has puts its turn off */
    bool had_turn;           /* it has been claimed, and was at most given back since */
    int64_t passed[SIM_CHECK_KEYS]; /* starts of that key since its own key had one, or since it came */
};

struct sim_check {
    struct check_task *tasks; /* owned; number 1 first */
    size_t n, cap;
    struct {
        const char *queue;
        int64_t concurrency, capacity, keys, rate, burst, per_ms, fair, key_rate, key_burst, key_per_ms;
        int64_t *starts;   /* owned; mono, of the whole history: its attempts given to processes, and crashes, as -at */
        size_t n_starts, cap_starts;
        int64_t moved_ms;  /* mono; when something of it last started or was over */
    } limits[SIM_CHECK_LIMITS];
    int n_limits;
    struct key_start { /* of a task with a key in a queue with a key_rate: claimed */
        const char *queue; /* NULL: a crash, after which each key has one more */
        int64_t key, at_ms; /* mono; when it was asked for */
    } *key_starts; /* owned */
    size_t n_key_starts, cap_key_starts;
    bool keeps;        /* nothing goes by age */
    bool listens;      /* somebody does */
    bool down;         /* between a crash and the last of what is looked up after it */
    int64_t latest_wall_ms;
    char broken[512];  /* the first promise that was, as a sentence; "": none */
    int64_t broken_task;
    /* what was seen, for those who want to know that it was worth something: */
    int64_t claims, resumed, verdicts, stale, endings[TASK_STATES], released, together, shared, late, crashes, purged;
    int64_t most_running; /* at one time */
    int64_t heard, cuts;  /* endings; times that a listener was told that some are missing */
    int64_t replaced, unblocked, cached;
    int64_t stepped;       /* steps that were done and followed by another */
    int64_t followed, led; /* waited for the result of another; ran themselves in the end */
    int64_t passed_over;  /* ready but for their key */
    int64_t outwaited;    /* starts of a process while a pool waited for something more urgent */
    int64_t took_turns;   /* starts that another key waited through whose turn comes */
    int64_t key_rated, at_key_rate; /* the same of keys */
    int64_t rated, at_rate; /* starts in a queue with a rate; as many as that allowed */
};

void sim_check_open(struct sim_check *c);
void sim_check_close(struct sim_check *c);
void sim_check_fact(struct sim_check *c, const struct fact *f);
/* For what a fact cannot say. */
void sim_check_broken(struct sim_check *c, int64_t task, const char *format, ...) __attribute__((format(printf, 3, 4)));
int64_t sim_check_newest_blocked(const struct sim_check *c); /* a task's number; 0: none is */
/* For those who draw: the model of a task. */
const struct check_task *sim_check_task(const struct sim_check *c, int64_t number);

#endif
