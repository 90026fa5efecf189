/* SPDX-License-Identifier: Apache-2.0
 *
 * A task as plain data: what was asked (body, never changes), where it stands (life), how it ended (ending).
 * All strs are borrowed from whoever filled the struct: a request's arena, a result set's arena.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "base/arena.h"
#include "base/id.h"
#include "task/life.h"
#include "task/retain.h"

struct task_tag {
    struct str key, value;
};

struct task_body {
    struct id id;
    int64_t tenant;        /* 0: the only one there is until tokens have tenants */
    struct str type, queue;
    struct life_rules rules;
    int64_t created_at_ms; /* wall */
    int64_t run_at_ms;     /* wall; 0: at once */
    int64_t timeout_ms;    /* of one attempt; > 0 */
    int64_t grace_ms;      /* from being asked to stop to being dead; > 0 */
    int64_t retain_ms;     /* of the record, over its type's; RETAIN_FOREVER; RETAIN_AS_TYPE */
    struct str subject;    /* p NULL: none */
    const struct task_tag *tags;
    size_t n_tags;
    struct str input;      /* JSON text, byte for byte as it was sent; {} when none was sent */
};

struct task_ending {
    struct life life;          /* its last */
    int64_t finished_at_ms;
    struct failure failure;    /* code.len 0: none */
    struct str result;         /* JSON text; empty: none */
    struct str files;          /* JSON array of names in the attempt's directory; empty: none */
    struct str progress;       /* the last progress as JSON object; empty: none */
    unsigned purged;           /* parts that are gone: bits of enum retain_part */
};

/* One attempt that is over, for the history. */
struct task_attempt {
    struct id id;
    int32_t run, number;
    uint64_t fence;
    int64_t started_at_ms, finished_at_ms;
    enum life_event verdict;
    struct failure failure;
    struct str log;            /* captured output: at most LIMIT_LOG bytes */
};

struct task {
    struct task_body body;
    struct life life;
    struct task_ending ending; /* meaningful when state_is_ending(life.state) */
    struct failure last;       /* not ended: the error of the last attempt; code.len 0: none */
    size_t input_bytes, result_bytes; /* also when the text itself was left out */
};

/* Copies with all their strs in the arena. */
struct task_body task_copy_body(struct arena *a, const struct task_body *from);
struct failure task_copy_failure(struct arena *a, const struct failure *from);

#endif
