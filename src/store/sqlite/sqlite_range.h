/* SPDX-License-Identifier: Apache-2.0
 *
 * One stretch of an index that lies in the order of ids: all tasks, those about a subject, with a tag, of a lane in a
 * state. A list is made of them (sqlite_list.c): each can say at once which of its ids comes next below any other.
 */
#ifndef STORE_SQLITE_SQLITE_RANGE_H
#define STORE_SQLITE_SQLITE_RANGE_H

#include "store/sqlite/sqlite_db.h"
#include "task/task.h"

#define SQLITE_RANGE_BATCH 16

enum sqlite_range_kind {
    SQLITE_RANGE_ALL, SQLITE_RANGE_SUBJECT, SQLITE_RANGE_TAG, SQLITE_RANGE_LIVE, SQLITE_RANGE_ASIDE, SQLITE_RANGE_DONE, SQLITE_RANGE_SIFT
};
#define SQLITE_RANGE_STATEMENTS (SQLITE_RANGE_SIFT + 1)

struct sqlite_range {
    enum sqlite_range_kind kind;
    struct task_tag tag;   /* borrowed; a subject is its value; of SIFT: queue and type, each may be missing */
    int64_t lane;          /* as in the file; LIVE: all live tasks of it, ASIDE: those in a state but pending, DONE: in an ending */
    enum task_state state; /* of the two */
    bool tried;            /* of ASIDE: those with attempts behind them, or without */
    const char *word;      /* what tasks must show; NULL: whatever. DONE does by its state */
    int64_t now_ms;        /* wall, for that */
    struct sqlite_range_head {
        struct id id;
        bool fits;         /* false: looked at, shows another word; nothing above it fits either */
    } heads[SQLITE_RANGE_BATCH]; /* read ahead */
    int n, at, asked;
};

/* The first below `below`, which never grows from call to call. True: there is one, and *ret is it or, where it would
 * take long to find it, how far it was looked for (fits is false). An ERR_* in *ret_err: false. */
bool sqlite_range_next(struct sqlite_range *r, struct sqlite_db *d, const struct id *below, struct sqlite_range_head *ret, int *ret_err);

#endif
