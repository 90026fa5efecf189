/* SPDX-License-Identifier: Apache-2.0
 *
 * What was set for queues, as rows: written when it is set, read at the start.
 */
#ifndef STORE_SQLITE_SQLITE_QUEUE_H
#define STORE_SQLITE_SQLITE_QUEUE_H

#include "store/queue_set.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_QUEUE_STATEMENTS 48 /* from this number on: its own among the connection's */

int sqlite_queue_set(struct sqlite_db *d, struct str queue, unsigned parts, const struct store_queue_set *set);

#define SQLITE_QUEUE_ROW "SELECT name, paused, draining, concurrency, capacity, key_concurrency, rate, fair, key_rate FROM queue"
/* A row of it, behind the name. ERR_STORE: it has what was never written. */
int sqlite_queue_row(sqlite3_stmt *s, struct store_queue_set *ret, bool *ret_pause_known) MUST_USE;

#endif
