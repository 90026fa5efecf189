/* SPDX-License-Identifier: Apache-2.0
 *
 * One SQLite connection with its prepared statements, and our errors for its codes. Statements are prepared once, on
 * first use, and kept until the connection closes.
 */
#ifndef STORE_SQLITE_SQLITE_DB_H
#define STORE_SQLITE_SQLITE_DB_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include <sqlite3.h>

#define SQLITE_DB_STATEMENTS 112
#define SQLITE_DB_BUSY_MS 5000 /* waited for a lock that a program not ours holds */

struct sqlite_db {
    sqlite3 *db;                                    /* owned; NULL: closed */
    sqlite3_stmt *prepared[SQLITE_DB_STATEMENTS];   /* owned, by the caller's numbers */
    int trouble;                                    /* extended code of the last failure, for the reason */
};

int sqlite_db_open(struct sqlite_db *d, const char *path, bool read_only, struct err *e);
void sqlite_db_close(struct sqlite_db *d);
int sqlite_db_exec(struct sqlite_db *d, const char *sql, struct err *e);
/* ERR_FULL for no space, ERR_STORE for the rest; 0 for SQLITE_OK, ROW and DONE. */
int sqlite_db_err(struct sqlite_db *d, int code);
/* The statement of that number, ready to be bound (whoever steps it resets it); NULL when it cannot be prepared (d->trouble says why). */
sqlite3_stmt *sqlite_db_statement(struct sqlite_db *d, int number, const char *sql);
/* Steps a statement that returns nothing, and resets it. 0 or an ERR_*; ERR_CONFLICT for a primary key that is there. */
int sqlite_db_run(struct sqlite_db *d, sqlite3_stmt *s);
int sqlite_db_ask(struct sqlite_db *d, const char *sql, int64_t *ret) MUST_USE; /* a one-value question */
int64_t sqlite_db_int(struct sqlite_db *d, const char *sql, int64_t otherwise); /* a one-value question */

void sqlite_db_bind_id(sqlite3_stmt *s, int at, const struct id *id);     /* borrowed until the step */
void sqlite_db_bind_text(sqlite3_stmt *s, int at, struct str text);       /* NULL when p is NULL; borrowed */
void sqlite_db_bind_blob(sqlite3_stmt *s, int at, struct str bytes);      /* NULL when p is NULL; borrowed */
/* The ids in the first column of all its rows, of which there are no more than there is room for; resets it. */
int sqlite_db_ids(struct sqlite_db *d, sqlite3_stmt *s, struct id *ret, size_t *ret_n);
struct id sqlite_db_id(sqlite3_stmt *s, int column);
struct str sqlite_db_str(sqlite3_stmt *s, int column);                   /* borrowed until the next step; p NULL for NULL */
struct str sqlite_db_copy(struct arena *a, sqlite3_stmt *s, int column); /* the same, in the arena */

#endif
