/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to a store that change nothing: see store.h.
 */
#ifndef STORE_STORE_ASK_H
#define STORE_STORE_ASK_H

#include "store/queue_set.h"
#include "store/store_req.h"
#include "store/work.h"
#include "task/task.h"

/* STORE_GET */
struct store_get {
    struct store_req req;
    struct id id;
    size_t input_max, result_max; /* texts longer than this are left out (their sizes are given) */
    bool step_results;            /* the steps that are done with their results */
    int found;                    /* out: 0 or ERR_NOT_FOUND */
    struct task task;             /* out, strs in the arena */
    bool sequel;                  /* out: it has ended, and something was to follow that (body.sequel) */
};

#define STORE_TAGS 8 /* in one filter */

/* STORE_LIST: newest first. A short page with `more` is legal: go on with the cursor. */
struct store_filter { /* borrowed until on_done; p NULL: any */
    struct str type, queue, subject;
    struct task_tag tags[STORE_TAGS]; /* all of them must fit */
    size_t n_tags;
    const char *word; /* a word as life_word shows it ("retrying" too), NULL: any */
    bool derived;     /* those whose ids are (id_is_derived), which belong to others, instead of the rest */
    bool has_from;
    struct id from;   /* no id below this one */
};
struct store_list {
    struct store_req req;
    struct store_filter filter;
    size_t limit;           /* 1..LIMIT_PAGE */
    bool has_after;
    struct id after;        /* go on below this id */
    struct task *items;     /* out, in the arena; inputs and results left out */
    size_t n;
    bool more;              /* out */
    struct id last;         /* out: cursor for the next page, valid when more */
};

/* STORE_LOG: the log of one attempt, or what it streamed out. */
struct store_log {
    struct store_req req;
    struct id id;
    int32_t run, number;    /* 0: the latest run, the latest attempt that is over */
    bool output;            /* what it streamed out, packed as in task/pieces.h, instead of the log */
    int found;              /* out: 0 or ERR_NOT_FOUND (no such task); a task without a log is 0 with an empty log */
    struct str log;         /* out, in the arena */
};

/* STORE_HISTORY: the attempts that are over and the runs that have ended, newest first of each; at most `limit` of each. */
struct store_attempt {
    struct task_attempt attempt; /* its log and output left out */
    size_t log_bytes, output_bytes;
};
struct store_history {
    struct store_req req;
    struct id id;
    size_t limit;                 /* 1..LIMIT_PAGE */
    int found;                    /* out: 0 or ERR_NOT_FOUND */
    struct life life;             /* out: as it stands; what `runs` does not have while it lives */
    struct task_save save;        /* out: of a run that goes on; its data left out */
    struct store_attempt *attempts; /* out, in the arena. A plain first success has no row: it is only among the runs */
    size_t n_attempts;
    struct task_ending *runs;     /* out, in the arena; results left out */
    size_t n_runs;
};

/* STORE_KEPT: ended tasks, newest first, narrow. A short page with `more` is legal: go on with the cursor. */
struct store_kept_item {
    struct id id;
    enum task_state state;
    int32_t run, attempt;
    struct str type;           /* in the arena */
    const struct task_step *steps; /* of a chain: those that are done, results left out, in the arena */
    size_t n_steps;
    int64_t finished_at_ms;
    int64_t retain_ms;         /* the task's own: see task/retain.h */
    size_t input_bytes, result_bytes, log_bytes; /* result: with those of steps; log: with what was streamed out */
    bool has_files;            /* it, or one of its steps */
};
struct store_kept {
    struct store_req req;
    size_t limit;              /* 1..LIMIT_PAGE */
    bool has_after;
    struct id after;           /* go on below this id */
    struct store_kept_item *items; /* out, in the arena */
    size_t n;
    bool more;                 /* out */
    struct id last;            /* out: cursor for the next page, valid when more */
};

/* STORE_OWED: the oldest ending that something is to follow and has not yet. */
struct store_owed {
    struct store_req req;
    bool found;             /* out */
    struct task task;       /* out, in the arena: as that run of it ended, input and result whole; its step and attempts left out */
    struct str sequel;      /* out: of its submit; empty: none */
    struct str next;        /* out: of its verdict; empty: none */
};

/* STORE_WHERE: how many come before a task that could run now. Tasks that are held back by their key, wait for a time or run
 * are in no line. Costs a look at each lane of its queue, and at those asked for, whatever they hold. It cannot fail. */
struct store_where {
    struct store_req req;
    struct id id;
    const uint32_t *lanes; /* lane numbers from hints; borrowed until on_done */
    size_t n_lanes;
    int64_t position;      /* out: 1: the first of its queue in (rank, id); 0: it is in no line, or not there */
    bool comes;            /* out: it is in a line, or will be when its time comes */
    uint32_t lane;         /* out: then, the number of its own */
    uint32_t *ahead;       /* out, in the arena: then, of each of `lanes`, how many that could run now come before it */
};

/* STORE_COUNTS */
struct store_count {
    struct str queue;
    int64_t n[TASK_STATES];
    int64_t retrying;         /* of n[TASK_SCHEDULED] */
    int64_t oldest_ready_ms;  /* wall: when the first in line became eligible; 0: none is ready */
    struct store_queue_set set; /* what was set and remembered */
    bool pause_known;           /* a pause or resume is among it */
};
struct store_counts {
    struct store_req req;
    struct store_count *items; /* out, in the arena; queues that were ever used */
    size_t n;
    int64_t bytes;             /* out: size of the store on disk, 0 when it has none */
    struct store_work work;    /* out */
};

#endif
