/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads, on a thread and read-only connections of their own, so that they never wait for the writer nor make it wait.
 * Two connections: one for questions about one task, one for lists. A list has a budget of 20 ms; while it runs it lets
 * waiting one-task questions go first, so a GET by id never queues behind a list. When the budget is used up the page
 * is short and says where to go on.
 */
#ifndef STORE_SQLITE_SQLITE_READER_H
#define STORE_SQLITE_SQLITE_READER_H

#include "loop/gate.h"
#include "loop/thread.h"
#include "store/sqlite/sqlite_db.h"
#include "store/sqlite/sqlite_list.h"
#include "store/store.h"

#define SQLITE_READER_BUDGET_MS 20

struct sqlite_reader {
    struct sqlite_db point, scan;
    struct thread *thread; /* borrowed: for what has come meanwhile */
    struct gate *gate;     /* borrowed: shut while the log is reset */
    struct list longer;    /* lists and large results: put off by short questions */
    const struct clock *clock; /* borrowed: of the budget */
    int64_t deadline_ms;   /* mono, of the running list */
};

int sqlite_reader_open(struct sqlite_reader *r, const char *path, struct gate *gate, const struct clock *clock, struct err *e);
void sqlite_reader_close(struct sqlite_reader *r);
void sqlite_reader_work(struct sqlite_reader *r, struct list *batch); /* answers all; gives them back by the thread */

#endif
