/* SPDX-License-Identifier: Apache-2.0
 *
 * A task as plain data: what was asked (body, never changes), where it stands (life), how it ended (ending).
 * All strs are borrowed from whoever filled the struct: a request's arena, a result set's arena.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "base/arena.h"
#include "base/id.h"
#include "base/limits.h"
#include "task/life.h"
#include "task/retain.h"

struct task_tag {
    struct str key, value;
};

/* What a submit wants when another task holds its key. */
enum task_conflict {
    TASK_REFUSE,   /* to be refused */
    TASK_EXISTING, /* to be told of that one */
    TASK_REPLACE   /* that one's place: it ends, and this one starts when it has */
};

/* That its result answers others of the same type, version and input, without a run of theirs, for a time. */
#define TASK_PRINT 32 /* bytes: SHA-256, see cache.h */
struct task_cache {
    int64_t ttl_ms;            /* from its completion on; 0: it answers nobody, and nobody answers it */
    bool bypass;               /* it runs whatever is there */
    uint8_t print[TASK_PRINT]; /* of what must be the same */
};

struct task_body {
    struct id id;
    int64_t tenant;        /* 0: the only one there is until tokens have tenants */
    struct str type, queue;
    struct str step;       /* of a chain: the step it is at, of a new one its first; p NULL: its type is no chain */
    struct life_rules rules;
    int64_t created_at_ms; /* wall */
    int64_t run_at_ms;     /* wall; 0: at once */
    int64_t timeout_ms;    /* of one attempt; > 0 */
    int64_t grace_ms;      /* from being asked to stop to being dead; > 0 */
    int64_t retain_ms;     /* of the record, over its type's; RETAIN_FOREVER; RETAIN_AS_TYPE */
    struct str subject;    /* p NULL: none */
    struct str key;        /* at most one task of its tenant and type that has not ended holds it; p NULL: none */
    enum task_conflict on_conflict; /* when another holds it; asked of the submit, not stored */
    struct task_cache cache; /* asked of the submit, not stored with the body */
    struct str sequel;     /* what is to follow its ending: JSON text, as whoever makes it reads it (store_owed); the same; p NULL: nothing */
    struct str limit_key;  /* at most key_concurrency tasks of its queue with this key run at a time; p NULL: none */
    struct str batch_key;  /* only tasks with the same one run in one batch; p NULL: none */
    struct str trace;      /* which trace of the caller's it belongs to, as trace.h stores it; p NULL: none */
    double cost;           /* what it takes of a batch's or worker's ceiling; > 0, at most LIMIT_COST, 1 unless said */
    const struct task_tag *tags;
    size_t n_tags;
    const struct id *files; /* that its input refers to (refs.h), each once; asked of the submit, not stored with the body */
    size_t n_files;
    struct str input;      /* JSON text, byte for byte as it was sent; {} when none was sent */
};

struct task_ending {
    struct life life;          /* its last */
    int64_t finished_at_ms;
    struct failure failure;    /* code.len 0: none */
    struct str result;         /* JSON text; empty: none */
    struct str files;          /* JSON array of names in the attempt's directory; empty: none */
    struct str progress;       /* the last progress as JSON object; empty: none */
    int32_t batch_size;        /* tasks that its last attempt was handed over with, itself among them; 0: none, or not known */
    unsigned purged;           /* parts that are gone: bits of enum retain_part */
    struct str next;           /* what the verdict wants to follow it, as store_owed tells it; not stored with the ending */
    bool cached;               /* the result is that of `cached_from`, which ran */
    struct id cached_from;
};

/* A checkpoint: what an attempt saved for those of the same run that come after it. */
struct task_save {
    int32_t attempt;           /* that saved it; 0: none did */
    int32_t resumed_from;      /* the attempt whose checkpoint that one was given; 0: none */
    int64_t at_ms;             /* wall */
    struct str data;           /* JSON text, at most LIMIT_SAVE; empty: it wants none kept */
    size_t bytes;              /* of data, also when that was left out */
};

/* A step of a chain that is done. */
struct task_step {
    int32_t n;                 /* its place in the chain, from 0 */
    int32_t run, attempt;      /* the attempt that did it */
    struct str name;
    int64_t started_at_ms, finished_at_ms; /* wall; of that attempt */
    struct str result;         /* JSON text; empty: of the last step, whose is the task's, or purged */
    struct str files;          /* as of an ending, in the directory of that attempt */
};

/* One attempt that is over, for the history. */
struct task_attempt {
    struct id id;
    int32_t run, number;
    uint64_t fence;
    int64_t started_at_ms, finished_at_ms;
    enum life_event verdict;
    struct failure failure;
    struct str log;            /* what it printed: at most LIMIT_LOG bytes */
    struct str output;         /* what it streamed out (task/pieces.h): at most LIMIT_OUTPUT bytes */
    int32_t resumed_from;      /* the attempt whose checkpoint it was given; 0: none */
    int64_t saved_at_ms;       /* wall; when it last saved one; 0: never */
    size_t saved_bytes;        /* of that one; 0: it wanted none kept any more */
};

struct task {
    struct task_body body;
    struct life life;
    struct task_ending ending; /* meaningful when state_is_ending(life.state) */
    struct failure last;       /* not ended: the error of the last attempt; code.len 0: none */
    struct str progress;       /* not ended: as it was when what is told of it happened; p NULL: as its run has it */
    bool follows, has_leader;  /* it waits for the result of an identical one; which is `leader`, the first in flight */
    struct id leader;
    size_t input_bytes, result_bytes; /* also when the text itself was left out */
    const struct task_step *steps;    /* that are done, in order; their results left out unless asked for */
    size_t n_steps;
};

/* What may run together shares it: the type, and of a chain the step behind a `>`, which no name has. task_lane: written into
 * `to`, unless the type alone says it. */
#define TASK_LANE LIMIT_NAME /* of both together */
struct str task_lane(const struct task_body *b, char to[TASK_LANE]);
struct str task_lane_type(struct str lane);
struct str task_lane_step(struct str lane); /* p NULL: none */

/* Copies with all their strs in the arena. */
struct task_body task_copy_body(struct arena *a, const struct task_body *from);
struct task_step task_copy_step(struct arena *a, const struct task_step *from);
struct failure task_copy_failure(struct arena *a, const struct failure *from);

#endif
