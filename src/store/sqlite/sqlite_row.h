/* SPDX-License-Identifier: Apache-2.0
 *
 * How a task lies in columns: the one place that knows which column is which, for writing and for reading.
 */
#ifndef STORE_SQLITE_SQLITE_ROW_H
#define STORE_SQLITE_SQLITE_ROW_H

#include "base/buf.h"
#include "store/sqlite/sqlite_db.h"
#include "task/task.h"

#define SQLITE_ROW_BODY                                                                                                 \
    "b.id, b.tenant, b.priority, b.created_at, b.run_at, b.start_by, b.timeout, b.grace, b.max_attempts, b.backoff,"    \
    "b.jitter, b.base, b.cap, b.subject, b.tags, n.queue, n.type, b.retain, b.limit_key, b.batch_key, b.cost, b.key"
#define SQLITE_ROW_BODY_COLUMNS 22
#define SQLITE_ROW_LIVE                                                                                              \
    "l.state, l.run, l.attempt, l.failures, l.deaths, l.cancel, l.fence, l.rank, l.due_at, l.start_by, l.started_at," \
    "l.alone, l.leased"
#define SQLITE_ROW_LIVE_COLUMNS 13
#define SQLITE_ROW_DONE                                                                                           \
    "d.state, d.run, d.attempt, d.failures, d.deaths, d.cancel, d.rank, d.started_at, d.finished_at, d.code, d.message," \
    "d.detail, d.type, d.error_attempt, d.error_at, d.progress, d.files, d.purged, d.batch_size, d.cached_from"
#define SQLITE_ROW_DONE_COLUMNS 20

/* Read from column `at` on; strs are copied into the arena. The input is left empty. */
struct task_body sqlite_row_body(sqlite3_stmt *s, int at, struct arena *a);
struct life sqlite_row_live(sqlite3_stmt *s, int at);
struct task_ending sqlite_row_done(sqlite3_stmt *s, int at, struct arena *a);

/* Bind for INSERT: body parameters 1..22 (id tenant lane priority ... tags input retain keys cost key), live 1..15, done 1..22 (its lane is 20). `tags` is the
 * JSON text made by sqlite_row_tags, borrowed until the step. */
void sqlite_row_bind_body(sqlite3_stmt *s, const struct task_body *b, int64_t lane, struct str tags);
void sqlite_row_bind_live(sqlite3_stmt *s, const struct id *id, int64_t lane, const struct life *life);
void sqlite_row_bind_done(sqlite3_stmt *s, const struct id *id, int64_t lane, const struct task_ending *ending);
void sqlite_row_bind_attempt(sqlite3_stmt *s, const struct task_attempt *a); /* all columns of attempt, 1..15 */
void sqlite_row_read_tags(struct task_body *b, struct str text, struct arena *a); /* what that wrote */
void sqlite_row_tags(struct buf *b, const struct task_body *body); /* {"k":"v"}, the trace among them; nothing when there are none */

#endif
