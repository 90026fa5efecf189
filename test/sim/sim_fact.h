/* SPDX-License-Identifier: Apache-2.0
 *
 * One thing that happened in a life of the simulation, as its history keeps it. As text it is a line, time first; what is
 * 0 is left out:
 *
 *     1204000 claimed t3 run=1 attempt=2 fence=91
 */
#ifndef SIM_SIM_FACT_H
#define SIM_SIM_FACT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "store/store.h"

enum fact_kind {
#define FACT(name, word, has) FACT_##name,
#include "test/sim/sim_fact.def"
#undef FACT
    FACT_KINDS
};

struct fact {
    enum fact_kind kind;
    int64_t at_ms;           /* mono: what the watcher measures with */
    int64_t wall_ms;         /* what the server is told */
    int64_t task;            /* from 1; 0: none in particular */
    struct id id;
    const char *queue, *type, *batch_key; /* borrowed; NULL */
    const char *what;        /* of a note; borrowed */
    enum task_state state;
    enum life_event verdict;
    enum store_verb verb;
    int64_t run, attempt, failures, deaths, tries; /* tries: its max_attempts */
    int64_t fence, process, batch, rank, due_ms, start_by_ms, timeout_ms, grace_ms;
    int64_t concurrency, capacity, priority;
    int64_t rate, burst, per_ms; /* of a queue: starts in each per_ms, 0: no limit; those that may come together */
    int64_t since_ms;        /* mono; when the server gave what a puller hears of now, or asked for what is claimed, 0: now */
    int64_t save;            /* of a checkpoint, its number: each is used once, a later one is larger */
    int64_t key, keys;       /* its limit_key, 0: none; of a queue: so many of a key at one time, 0: no limit */
    int64_t key_rate, key_burst, key_per_ms; /* of a queue: as its rate, of each key */
    int64_t fair;            /* of a queue: 1, its keys take turns */
    int64_t once;            /* its key, which one task at a time holds; 0: none */
    int64_t cache, from;     /* which result answers it, 0: none; the task whose did, 0: it has one of its own */
    int64_t follows;         /* the task whose result it waits for, 0: it does not */
    int64_t step;            /* of a chain: where it is, from 1; 0: it is none, or goes on where it was */
    int64_t steps;           /* of a chain: those it is to do, a bit for each, the first the lowest; 0: it is none */
    int64_t bypass, trouble, code, told, shared, alone, leased, stops; /* 0 or 1; alone: must be tried by itself; stops: somebody has asked for its end */
};

void fact_print(const struct fact *f, struct buf *to); /* with its line feed */
/* strs into the arena. ERR_INVALID: not a line of fact_print's kind. */
int fact_parse(struct fact *ret, struct str line, struct arena *a) MUST_USE;

#endif
