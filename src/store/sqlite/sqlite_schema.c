/* SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds of row: the body that never changes, the narrow live row, the done row written once at the ending. At
 * start only live rows are read. Tables are clustered by id (UUIDv7: new rows at the right edge). No secondary index
 * is touched by a plain submit: the one on subject is partial, tags have a table of their own.
 */
#include "store/sqlite/sqlite_schema.h"

#include <stdio.h>

#define ENDING_COLUMNS                                                                                          \
    "lane INTEGER NOT NULL, state INTEGER NOT NULL, run INTEGER NOT NULL, attempt INTEGER NOT NULL,"            \
    "failures INTEGER NOT NULL, deaths INTEGER NOT NULL, cancel INTEGER NOT NULL, rank INTEGER NOT NULL,"       \
    "started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, code TEXT, message TEXT, detail TEXT, type TEXT," \
    "error_attempt INTEGER NOT NULL, error_at INTEGER NOT NULL, progress TEXT, files TEXT, result BLOB"

const char *const sqlite_schema_migrations[SQLITE_SCHEMA_VERSION] = {
    "CREATE TABLE lane(number INTEGER PRIMARY KEY, queue TEXT NOT NULL, type TEXT NOT NULL, UNIQUE(queue, type)) STRICT;"
    "CREATE TABLE body(id BLOB PRIMARY KEY, tenant INTEGER NOT NULL, lane INTEGER NOT NULL, priority INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, run_at INTEGER NOT NULL, start_by INTEGER NOT NULL, timeout INTEGER NOT NULL,"
    " grace INTEGER NOT NULL, max_attempts INTEGER NOT NULL, backoff INTEGER NOT NULL, jitter INTEGER NOT NULL,"
    " base INTEGER NOT NULL, cap INTEGER NOT NULL, subject TEXT, tags TEXT, input BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX body_subject ON body(subject, id) WHERE subject IS NOT NULL;"
    "CREATE TABLE tag(key TEXT NOT NULL, value TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY(key, value, id))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE live(id BLOB PRIMARY KEY, lane INTEGER NOT NULL, state INTEGER NOT NULL, run INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, failures INTEGER NOT NULL, deaths INTEGER NOT NULL, cancel INTEGER NOT NULL,"
    " fence INTEGER NOT NULL, rank INTEGER NOT NULL, due_at INTEGER NOT NULL, start_by INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE done(id BLOB PRIMARY KEY, " ENDING_COLUMNS ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE past(id BLOB NOT NULL, " ENDING_COLUMNS ", PRIMARY KEY(id, run)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE attempt(id BLOB NOT NULL, run INTEGER NOT NULL, number INTEGER NOT NULL, fence INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, verdict INTEGER NOT NULL, code TEXT, message TEXT,"
    " detail TEXT, type TEXT, log BLOB, PRIMARY KEY(id, run, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE queue(name TEXT PRIMARY KEY, paused INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE tally(queue TEXT NOT NULL, state INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(queue, state))"
    " STRICT, WITHOUT ROWID;",
    /* 2: what is set for queues besides pause (paused -1: never set), idempotency keys, what is kept for how long
     * (purged: bits of what is gone before its record) */
    "ALTER TABLE queue ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN concurrency INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE queue ADD COLUMN capacity INTEGER NOT NULL DEFAULT -1;"
    "CREATE TABLE idempotency(tenant INTEGER NOT NULL, key TEXT NOT NULL, print BLOB NOT NULL, id BLOB NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(tenant, key)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX idempotency_at ON idempotency(at);"
    "ALTER TABLE body ADD COLUMN retain INTEGER NOT NULL DEFAULT -2;"
    "ALTER TABLE done ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE past ADD COLUMN purged INTEGER NOT NULL DEFAULT 0;",
};

int sqlite_schema_check(struct sqlite_db *d, const char *path, int64_t *ret_version, struct err *e)
{
    /* a first question that touches the file: this is where "file is not a database" shows */
    int err = sqlite_db_exec(d, "PRAGMA schema_version", NULL);
    if (err) return err_set(e, ERR_FOREIGN, "%s: not a bide store: %s", path, sqlite3_errmsg(d->db));
    int64_t owner = sqlite_db_int(d, "PRAGMA application_id", 0);
    int64_t tables = sqlite_db_int(d, "SELECT count(*) FROM sqlite_schema", -1);
    int64_t version = sqlite_db_int(d, "PRAGMA user_version", 0);
    *ret_version = version;
    if (owner == 0 && tables == 0 && version == 0) return 0; /* new */
    if (owner != SQLITE_SCHEMA_APPLICATION)
        return err_set(e, ERR_FOREIGN, "%s: an SQLite database of another program, not a bide store", path);
    if (version > SQLITE_SCHEMA_VERSION)
        return err_set(e, ERR_FOREIGN, "%s: made by a newer bide (store version %lld, this one knows up to %d)", path,
                       (long long)version, SQLITE_SCHEMA_VERSION);
    return 0;
}

static int migrate(struct sqlite_db *d, struct err *e)
{
    int64_t version = sqlite_db_int(d, "PRAGMA user_version", 0);
    for (; version < SQLITE_SCHEMA_VERSION; version++) {
        char mark[128];
        snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d", SQLITE_SCHEMA_APPLICATION,
                 (int)version + 1);
        int err = sqlite_db_exec(d, "BEGIN IMMEDIATE", e);
        if (!err) err = sqlite_db_exec(d, sqlite_schema_migrations[version], e);
        if (!err) err = sqlite_db_exec(d, mark, e);
        if (!err) err = sqlite_db_exec(d, "COMMIT", e);
        if (err) return err;
    }
    return 0;
}

/* A file system without shared memory answers with another mode, and only whoever looks notices. */
static int use_wal(struct sqlite_db *d, const char *path, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, "PRAGMA journal_mode=WAL", -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    bool wal = code == SQLITE_ROW && str_eq(sqlite_db_str(s, 0), STR("wal"));
    int err = wal ? 0 : err_set(e, ERR_STORE, "%s: no write-ahead log on this file system: %s", path, sqlite3_errmsg(d->db));
    sqlite3_finalize(s);
    return err;
}

int sqlite_schema_prepare(struct sqlite_db *d, const char *path, struct err *e)
{
    int64_t version;
    int err = sqlite_schema_check(d, path, &version, e);
    if (err) {
        /* untouched means its log, too: closing must not copy somebody else's log into somebody else's file */
        (void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
        return err;
    }
    err = sqlite_db_exec(d, "PRAGMA page_size=4096", e);
    if (!err) err = use_wal(d, path, e);
    if (!err)
        err = sqlite_db_exec(d,
                         "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
                         "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-32768; PRAGMA mmap_size=0;"
                         "PRAGMA secure_delete=OFF; PRAGMA trusted_schema=OFF",
                         e);
    return err ? err : migrate(d, e);
}
