/* SPDX-License-Identifier: Apache-2.0
 *
 * Named things of which a machine has only so much (graphics memory, licences): which process may be started, and which
 * ones make room for it. Pure: a picture of who holds what and who waits goes in, what to do comes out.
 *
 *   asks ──all it needs is free──▶ starting ──▶ working ⇄ idle ──▶ ending ──dead──▶ free again
 *     ▲      nobody before it waits for that       (it holds what it needs from its start until it is dead)
 *     └── waits: idle ones end for it, working ones give way (are given nothing more) when their time is over
 *
 *   1. What is held is never more than the whole. (Unless the whole was made smaller: then idle ones end.)
 *   2. There is one line. In it stands first who waits for the task of the highest priority, of two alike who began to wait
 *      first; a wait that is longer by RATION_STEP_MS counts as much as one step of priority. Whoever waits keeps those behind
 *      it from what it needs. So nobody starves: who comes later by that much for each step stays behind.
 *   3. Idle ones end, the one that was used least recently first, if they make room enough with what is about to be free
 *      anyway; otherwise none of them, and never one more than it takes.
 *   4. One that has more to do is spared until it has earned its start: an idle one is not ended and a working one does not
 *      give way before. That is between equals: for one who waits for something more urgent it is not spared, but given the
 *      task that it was started for; and for one who waits for something less urgent it goes on until that has waited for
 *      RATION_STEP_MS a step. Nothing that runs is ever interrupted.
 *   5. A start that no task waits for (load: boot) takes what is free and makes nobody end or wait.
 *   6. No pool makes room for itself: one process of it does as well as the other.
 */
#ifndef TASK_RATION_H
#define TASK_RATION_H

#include "base/buf.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATION_STEP_MS 60000 /* of waiting count as much as one step of priority */

struct ration_amount { /* as configured; a list of them ends with one without a name */
    const char *name;
    int64_t amount;    /* >= 1; bytes, or how many */
    bool is_size;      /* it was written with a unit */
};

struct ration_amounts { int64_t of[LIMIT_RESOURCES]; }; /* in the order of the configuration; >= 0 */

enum ration_state { RATION_ENDING, RATION_IDLE, RATION_WORKING };

struct ration_holder { /* a process */
    struct ration_amounts holds;
    size_t pool;
    enum ration_state state;
    int64_t used_at_ms;      /* idle: since when */
    int64_t spared_until_ms; /* INT64_MAX: it is starting; 0: it has nothing more to do */
    int64_t owed_until_ms;   /* at most that: the task that it was started for may still be on its way */
    int32_t priority;        /* of the best of what more it has to do */
    int64_t until_ms;        /* ration.c: spared, for the one that is looked at */
    bool ends, gives_way;    /* decided */
    bool chosen, own;        /* ration.c: to end, for the one that is looked at; of its pool */
};

struct ration_asker {  /* a pool that would start one more */
    struct ration_amounts needs; /* each at most the whole */
    size_t pool;
    int32_t priority;  /* of the best task that waits for it */
    int64_t since_ms;  /* mono: when it began to wait */
    int64_t ticket;    /* of two that began at one time, the smaller was first */
    bool unasked;      /* no task waits for it */
    bool starts;       /* decided */
    bool barred;       /* decided: with what its own pool has there is never room for it, so that it does not wait in line */
};

struct ration {
    struct ration_amounts whole;
    struct ration_holder *holders; /* borrowed, as askers */
    size_t n_holders;
    struct ration_asker *askers;
    size_t n_askers;
};

/* So much of what is like that, for people: "6G" of a size, "2" of a number; below 0: none. */
void ration_add_text(struct buf *b, const struct ration_amount *like, int64_t amount);
/* How much of each is free: whole less what is held. Negative: the whole was made smaller. */
struct ration_amounts ration_free(const struct ration *r);
/* Whether a stands before b in the line. */
bool ration_before(const struct ration_asker *a, const struct ration_asker *b);
/* Fills in what is decided. When to decide again though nothing changed, ms from now; -1: never. */
int64_t ration_decide(struct ration *r, int64_t now_ms);
/* When a process that became ready after ready_ms has earned its start, which is worth so many times what it took and a second
 * at least; worth 0: at once. As mono time of ready_at_ms. */
int64_t ration_earned_at_ms(int64_t ready_at_ms, int64_t ready_ms, int64_t worth);

#endif
