/* SPDX-License-Identifier: Apache-2.0
 *
 * Three kinds of row: the body that never changes, the narrow live row, the done row written once at the ending. At
 * start only live rows are read. Tables are clustered by id (UUIDv7: new rows at the right edge). No secondary index
 * is touched by a plain submit: the one on subject is partial, tags have a table of their own. The trace of a task lies
 * among its tags, under the empty name.
 */
#include "store/sqlite/sqlite_schema.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

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
    /* 3: the first builds of version 2 made the column with -1, for ever, and wrote nothing into it: where no other build
     * has written since, their tasks are kept as the configuration says */
    "UPDATE body SET retain=-2 WHERE NOT EXISTS(SELECT 1 FROM body WHERE retain<>-1) AND"
    " (SELECT sql FROM sqlite_schema WHERE name='body') LIKE '%retain INTEGER NOT NULL DEFAULT -1%';",
    /* 4: what lists by type, queue and status walk (sqlite_range.c). The live rows lie by lane, which costs a submit nothing;
     * those that do not wait for their turn are few and have an index, which tells what waits for another attempt */
    "CREATE TABLE live4(id BLOB NOT NULL, lane INTEGER NOT NULL, state INTEGER NOT NULL, run INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, failures INTEGER NOT NULL, deaths INTEGER NOT NULL, cancel INTEGER NOT NULL,"
    " fence INTEGER NOT NULL, rank INTEGER NOT NULL, due_at INTEGER NOT NULL, start_by INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL, PRIMARY KEY(lane, id)) STRICT, WITHOUT ROWID;"
    "INSERT INTO live4 SELECT * FROM live ORDER BY lane, id;"
    "DROP TABLE live;"
    "ALTER TABLE live4 RENAME TO live;"
    "CREATE INDEX live_aside ON live(lane, state, attempt>0, id) WHERE state<>2;"
    "CREATE INDEX done_lane ON done(lane, state, id);"
    "CREATE INDEX lane_type ON lane(type);",
    /* 5: keys and costs; the live row has its keys, too: a start reads no body. Checkpoints of runs that go on (data last:
     * what is asked of the others need not read it), and what the history tells of them */
    "ALTER TABLE body ADD COLUMN limit_key TEXT;"
    "ALTER TABLE body ADD COLUMN batch_key TEXT;"
    "ALTER TABLE body ADD COLUMN cost REAL NOT NULL DEFAULT 1;"
    "ALTER TABLE live ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE live ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE live ADD COLUMN limit_key TEXT;"
    "ALTER TABLE live ADD COLUMN batch_key TEXT;"
    "ALTER TABLE queue ADD COLUMN key_concurrency INTEGER NOT NULL DEFAULT -1;"
    "CREATE TABLE save(id BLOB PRIMARY KEY, run INTEGER NOT NULL, attempt INTEGER NOT NULL, resumed_from INTEGER NOT NULL,"
    " at INTEGER NOT NULL, data BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "ALTER TABLE attempt ADD COLUMN resumed_from INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempt ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempt ADD COLUMN saved_bytes INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE done ADD COLUMN batch_size INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE past ADD COLUMN batch_size INTEGER NOT NULL DEFAULT 1;",
    /* 6: rates of queues, as text (NULL: never set) */
    "ALTER TABLE queue ADD COLUMN rate TEXT;",
    /* 7: keys of tasks that are to be there once, and who of the live tasks holds which (two while one is blocked on the
     * other's end) */
    "ALTER TABLE body ADD COLUMN key TEXT;"
    "CREATE TABLE holder(id BLOB PRIMARY KEY, tenant INTEGER NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX holder_key ON holder(tenant, type, key);",
    /* 8: what attempts streamed out */
    "ALTER TABLE attempt ADD COLUMN output BLOB;",
    /* 9: results kept for others: which live tasks' will be, whose is, until when; and whose result a task has that did not
     * run (NULL: its own) */
    "CREATE TABLE wanted(id BLOB PRIMARY KEY, print BLOB NOT NULL, ttl INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE cache(print BLOB PRIMARY KEY, id BLOB NOT NULL, run INTEGER NOT NULL, until INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX cache_until ON cache(until);"
    "ALTER TABLE done ADD COLUMN cached_from BLOB;"
    "ALTER TABLE past ADD COLUMN cached_from BLOB;",
    /* 10: queues that are fair (-1: never set) */
    "ALTER TABLE queue ADD COLUMN fair INTEGER NOT NULL DEFAULT -1;",
    /* 11: which of those whose result is to be kept wait for that of another of the same print */
    "ALTER TABLE wanted ADD COLUMN follows INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX wanted_print ON wanted(print, follows, id);",
    /* 12: rates of the keys of queues, as rates of queues */
    "ALTER TABLE queue ADD COLUMN key_rate TEXT;",
    /* 13: steps of chains that are done (result last: what is asked of the others need not read it). A task of a chain lies in
     * the lane of its step: "type>step" */
    "CREATE TABLE step(id BLOB NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, run INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, files TEXT, result BLOB, PRIMARY KEY(id, n)) STRICT, WITHOUT ROWID;"
    /* what is to follow the ending of a task; of which runs it is owed, and what the verdict added to it */
    "CREATE TABLE sequel(id BLOB PRIMARY KEY, what TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE owed(id BLOB NOT NULL, run INTEGER NOT NULL, next TEXT, PRIMARY KEY(id, run)) STRICT, WITHOUT ROWID;",
    /* 14: uploaded files, who refers to them, how much they are altogether (gone: its bytes are going, then it) */
    "CREATE TABLE file(id BLOB PRIMARY KEY, tenant INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,"
    " bytes INTEGER NOT NULL, sha256 BLOB NOT NULL, created_at INTEGER NOT NULL, keep INTEGER NOT NULL, gone INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE file_ref(file BLOB NOT NULL, task BLOB NOT NULL, PRIMARY KEY(file, task)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX file_ref_task ON file_ref(task);"
    "CREATE TABLE file_total(n INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;"
    "INSERT INTO file_total VALUES(0, 0);",
    /* 15: notifications (read_at 0: unread); how many there are, how many are unread, the last serial that was given */
    "CREATE TABLE notice(id BLOB PRIMARY KEY, serial INTEGER NOT NULL, task BLOB NOT NULL, run INTEGER NOT NULL,"
    " tenant INTEGER NOT NULL, type TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT, tags TEXT, status INTEGER NOT NULL,"
    " title TEXT NOT NULL, message TEXT, data TEXT, created_at INTEGER NOT NULL, read_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX notice_serial ON notice(serial);"
    "CREATE INDEX notice_task ON notice(task, id);"
    "CREATE INDEX notice_unread ON notice(id) WHERE read_at=0;"
    "CREATE INDEX notice_subject ON notice(subject, id) WHERE subject IS NOT NULL;"
    "CREATE INDEX notice_subject_unread ON notice(subject, id) WHERE read_at=0 AND subject IS NOT NULL;"
    "CREATE TABLE notice_total(n INTEGER NOT NULL, unread INTEGER NOT NULL, serial INTEGER NOT NULL) STRICT;"
    "INSERT INTO notice_total VALUES(0, 0, 0);",
    /* 16: what the store signs with: one row, made by whoever opens it first (sqlite_secret.h) */
    "CREATE TABLE secret(bytes BLOB NOT NULL) STRICT;",
};

#define RESTORE "restore a backup (bide backup makes them)"

static int64_t size_of(const char *path, const char *behind)
{
    char name[PATH_MAX + 16];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, behind);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* A file without its beginning: SQLite would take it for a new one, and remove the log of what it was. */
static int refuse_emptied(const char *path, struct err *e)
{
    if (size_of(path, "") > 0 || size_of(path, "-wal") == 0) return 0;
    return err_set(e, ERR_FOREIGN, "%s: empty, but its log %s-wal is not: the store is damaged; " RESTORE, path, path);
}

/* SQLite counts a page of which only the beginning is there. With a log it may be in there. */
static int refuse_cut_short(struct sqlite_db *d, const char *path, struct err *e)
{
    int64_t page = sqlite_db_int(d, "PRAGMA page_size", 4096);
    if (size_of(path, "") % page == 0 || size_of(path, "-wal") > 0 || size_of(path, "-journal") > 0) return 0;
    return err_set(e, ERR_FOREIGN, "%s: damaged: its end is missing; " RESTORE, path);
}

/* What the file is shows when it is read. That it cannot be read at this moment is something else. */
static int refuse_unread(struct sqlite_db *d, const char *path, int err, struct err *e)
{
    const char *why = sqlite3_errmsg(d->db);
    switch (sqlite3_errcode(d->db) & 0xff) {
    case SQLITE_NOTADB: return err_set(e, ERR_FOREIGN, "%s: not a bide store: %s; name another file", path, why);
    case SQLITE_CORRUPT: return err_set(e, ERR_FOREIGN, "%s: damaged: %s; " RESTORE, path, why);
    default: return err_set(e, err, "%s: %s", path, why); /* not an enum */
    }
}

int sqlite_schema_check(struct sqlite_db *d, const char *path, int64_t *ret_version, struct err *e)
{
    int64_t owner = 0, tables = 0, version = 0;
    int err = refuse_emptied(path, e);
    if (err) return err;
    err = sqlite_db_exec(d, "PRAGMA schema_version", NULL); /* the first question that touches the file */
    if (!err) err = sqlite_db_ask(d, "PRAGMA application_id", &owner);
    if (!err) err = sqlite_db_ask(d, "SELECT count(*) FROM sqlite_schema", &tables);
    if (!err) err = sqlite_db_ask(d, "PRAGMA user_version", &version);
    if (err) return refuse_unread(d, path, err, e);
    err = refuse_cut_short(d, path, e);
    if (err) return err;
    *ret_version = version;
    if (owner == 0 && tables == 0 && version == 0) return 0; /* new */
    if (owner != SQLITE_SCHEMA_APPLICATION)
        return err_set(e, ERR_FOREIGN, "%s: an SQLite database of another program, not a bide store; name another file", path);
    if (version > SQLITE_SCHEMA_VERSION)
        return err_set(e, ERR_FOREIGN,
                       "%s: made by a newer bide (store version %lld, this one knows up to %d); start that bide, or restore"
                       " a backup made before the upgrade",
                       path, (long long)version, SQLITE_SCHEMA_VERSION);
    if (version < 1)
        return err_set(e, ERR_FOREIGN, "%s: damaged: it says store version %lld, which never was; " RESTORE, path,
                       (long long)version);
    return 0;
}

static int migrate(struct sqlite_db *d, struct err *e)
{
    int64_t version = 0;
    int err = sqlite_db_ask(d, "PRAGMA user_version", &version);
    if (err) return err_set(e, err, "%s", sqlite3_errmsg(d->db));
    for (; version < SQLITE_SCHEMA_VERSION; version++) {
        char mark[128];
        snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d", SQLITE_SCHEMA_APPLICATION,
                 (int)version + 1);
        err = sqlite_db_exec(d, "BEGIN IMMEDIATE", e);
        if (!err) err = sqlite_db_exec(d, sqlite_schema_migrations[version], e);
        if (!err) err = sqlite_db_exec(d, mark, e);
        if (!err) err = sqlite_db_exec(d, "COMMIT", e);
        if (err) return err;
    }
    return 0;
}

/* SQLite opens a log that it may not write to for reading, and fails at each commit from then on: noticed now, by one that
 * changes nothing. Room on the disk may come again. */
static int refuse_unwritable(struct sqlite_db *d, const char *path, struct err *e)
{
    char mark[64];
    snprintf(mark, sizeof mark, "PRAGMA user_version=%d", SQLITE_SCHEMA_VERSION);
    int err = sqlite_db_exec(d, mark, NULL);
    return err && err != ERR_FULL ? err_set(e, err, "%s: cannot be written: %s", path, sqlite3_errmsg(d->db)) : 0;
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
                         "PRAGMA cache_size=-32768; PRAGMA mmap_size=0; PRAGMA secure_delete=OFF; PRAGMA trusted_schema=OFF",
                         e);
    if (!err) err = migrate(d, e); /* an index over millions of rows is sorted in files */
    if (!err) err = refuse_unwritable(d, path, e);
    return err ? err : sqlite_db_exec(d, "PRAGMA temp_store=MEMORY", e);
}
