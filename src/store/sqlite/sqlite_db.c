/* SPDX-License-Identifier: Apache-2.0
 *
 * A thin skin over the library; the only place that turns its codes into ours.
 */
#include "store/sqlite/sqlite_db.h"

int sqlite_db_err(struct sqlite_db *d, int code)
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return 0;
    d->trouble = sqlite3_extended_errcode(d->db);
    return (code & 0xff) == SQLITE_FULL ? ERR_FULL : ERR_STORE;
}

int sqlite_db_open(struct sqlite_db *d, const char *path, bool read_only, struct err *e)
{
    *d = (struct sqlite_db){0};
    int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &d->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        int err = err_set(e, ERR_STORE, "%s: %s", path, d->db ? sqlite3_errmsg(d->db) : sqlite3_errstr(code));
        sqlite_db_close(d);
        return err;
    }
    if (!read_only && sqlite3_db_readonly(d->db, "main") == 1) { /* what it falls back to, whatever the reason */
        sqlite_db_close(d);
        return err_set(e, ERR_STORE, "%s: cannot be opened for writing", path);
    }
    sqlite3_extended_result_codes(d->db, 1);
    sqlite3_busy_timeout(d->db, SQLITE_DB_BUSY_MS);
    return 0;
}

void sqlite_db_close(struct sqlite_db *d)
{
    for (int i = 0; i < SQLITE_DB_STATEMENTS; i++) sqlite3_finalize(d->prepared[i]);
    sqlite3_close(d->db);
    *d = (struct sqlite_db){0};
}

int sqlite_db_exec(struct sqlite_db *d, const char *sql, struct err *e)
{
    int code = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
    int err = sqlite_db_err(d, code);
    return err ? err_set(e, err, "%s", sqlite3_errmsg(d->db)) : 0;
}

sqlite3_stmt *sqlite_db_statement(struct sqlite_db *d, int number, const char *sql)
{
    sqlite3_stmt **s = &d->prepared[number];
    if (!*s) {
        int code = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
        if (code != SQLITE_OK) (void)sqlite_db_err(d, code);
    }
    return *s;
}

int sqlite_db_run(struct sqlite_db *d, sqlite3_stmt *s)
{
    if (!s) return ERR_STORE;
    int code = sqlite3_step(s);
    int err = sqlite_db_err(d, code);
    if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE) err = ERR_CONFLICT;
    sqlite3_reset(s);
    return err;
}

int sqlite_db_ask(struct sqlite_db *d, const char *sql, int64_t *ret)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    int err = code == SQLITE_DONE ? ERR_STORE : sqlite_db_err(d, code);
    if (!err) *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return err;
}

int64_t sqlite_db_int(struct sqlite_db *d, const char *sql, int64_t otherwise)
{
    int64_t value;
    return sqlite_db_ask(d, sql, &value) == 0 ? value : otherwise;
}

void sqlite_db_bind_id(sqlite3_stmt *s, int at, const struct id *id)
{
    sqlite3_bind_blob(s, at, id->b, sizeof id->b, SQLITE_STATIC);
}

void sqlite_db_bind_text(sqlite3_stmt *s, int at, struct str text)
{
    if (text.p)
        sqlite3_bind_text64(s, at, text.p, text.len, SQLITE_STATIC, SQLITE_UTF8);
    else
        sqlite3_bind_null(s, at);
}

void sqlite_db_bind_blob(sqlite3_stmt *s, int at, struct str bytes)
{
    if (bytes.p)
        sqlite3_bind_blob64(s, at, bytes.p, bytes.len, SQLITE_STATIC);
    else
        sqlite3_bind_null(s, at);
}

int sqlite_db_ids(struct sqlite_db *d, sqlite3_stmt *s, struct id *ret, size_t *ret_n)
{
    size_t n = 0;
    int code = sqlite3_step(s);
    for (; code == SQLITE_ROW; code = sqlite3_step(s)) ret[n++] = sqlite_db_id(s, 0);
    int err = sqlite_db_err(d, code);
    sqlite3_reset(s);
    *ret_n = n;
    return err;
}

struct id sqlite_db_id(sqlite3_stmt *s, int column)
{
    struct id id = {{0}};
    const void *p = sqlite3_column_blob(s, column);
    if (p && sqlite3_column_bytes(s, column) == (int)sizeof id.b) memcpy(id.b, p, sizeof id.b);
    return id;
}

struct str sqlite_db_str(sqlite3_stmt *s, int column)
{
    if (sqlite3_column_type(s, column) == SQLITE_NULL) return STR_NONE;
    const char *p = sqlite3_column_blob(s, column);
    return (struct str){p ? p : "", (size_t)sqlite3_column_bytes(s, column)};
}

struct str sqlite_db_copy(struct arena *a, sqlite3_stmt *s, int column)
{
    struct str text = sqlite_db_str(s, column);
    return text.p ? arena_str(a, text) : text;
}
