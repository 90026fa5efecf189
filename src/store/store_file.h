/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to a store about uploaded files: see store.h. What is here are facts; the bytes are with blob/, and whoever asks
 * keeps the two together:
 *  - a file's bytes are synced before its row is added, so one that is there has its bytes;
 *  - a row is first marked as gone (STORE_FILE_DROP, or a sweep that finds its time over), which is when it is there for nobody
 *    any more; then the bytes go, then the row (`forget` of the next sweep). So nothing is left behind by a crash.
 */
#ifndef STORE_STORE_FILE_H
#define STORE_STORE_FILE_H

#include "store/store_req.h"
#include "task/file.h"

struct store_file_total {
    int64_t n, bytes; /* of all that are there, those that are gone and not forgotten yet among them */
};

/* STORE_FILE_ADD: all of them. */
struct store_file_add {
    struct store_req req;
    const struct file *files; /* borrowed until on_done */
    size_t n;
    struct store_file_total total; /* out */
};

/* STORE_FILE_DROP */
struct store_file_drop {
    struct store_req req;
    struct id id;
    int err; /* out: 0, ERR_NOT_FOUND, ERR_CONFLICT: a task that has not ended, or that something is still to follow, refers to it */
};

/* STORE_FILE_SWEEP: forgets those whose bytes have gone, then looks at up to `max` files in the order of their ids and marks
 * those as gone whose time is over. */
struct store_file_sweep {
    struct store_req req;
    const struct id *forget; /* borrowed until on_done */
    size_t n_forget;
    int64_t retain_ms;       /* how long one is kept that no task refers to; FILE_FOREVER */
    size_t max;              /* > 0 */
    bool has_after;
    struct id after;         /* goes on above this id */
    struct id *gone;         /* out, in the arena: those of them that are gone now, whenever that was */
    size_t n_gone;
    bool more;               /* out: there are others behind `last` */
    struct id last;
    int64_t next_due_ms;     /* out: wall; when the next of those looked at is due by age; INT64_MAX: none */
    bool by_task;            /* out: among those that stay are some that go with the end of a task */
    struct store_file_total total; /* out */
};

/* STORE_FILE_GET */
struct store_file_get {
    struct store_req req;
    struct id id;
    int found;        /* out: 0 or ERR_NOT_FOUND */
    struct file file; /* out, strs in the arena */
};

/* STORE_FILE_LIST: newest first. */
struct store_file_list {
    struct store_req req;
    size_t limit;       /* 1..LIMIT_PAGE */
    bool has_after;
    struct id after;    /* go on below this id */
    struct file *items; /* out, in the arena */
    size_t n;
    bool more;          /* out */
};

#endif
