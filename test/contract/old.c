/* SPDX-License-Identifier: Apache-2.0
 *
 * Through the library alone: nothing here knows what is in a store.
 */
#include "test/contract/old.h"

#include "base/mem.h"
#include "store/sqlite/sqlite_db.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

static char *read_all(const char *path, size_t *ret_len)
{
    FILE *in = fopen(path, "rb");
    size_t len = 0, cap = 1 << 20;
    char *bytes = mem_new(cap + 1);
    while (in && !feof(in) && !ferror(in)) {
        if (len == cap) bytes = mem_grow(bytes, (cap *= 2) + 1);
        len += fread(bytes + len, 1, cap - len, in);
    }
    bytes[len] = 0;
    if (in) fclose(in);
    *ret_len = len;
    return bytes;
}

static bool copy(const char *from, const char *from_end, const char *to, const char *to_end)
{
    char path[300];
    snprintf(path, sizeof path, "%s%s", from, from_end);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s%s", to, to_end);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n = 0, all = 0;
    while (in >= 0 && out >= 0 && (n = sendfile(out, in, NULL, 1 << 30)) > 0) all += n;
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    return n == 0 && all > 0;
}

bool old_copy(const char *from, const char *to)
{
    char log[300];
    snprintf(log, sizeof log, "%s-wal", from);
    return copy(from, "", to, "") && (access(log, F_OK) != 0 || copy(from, "-wal", to, "-wal"));
}

static bool run(sqlite3 *db, const char *sql) { return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK; }

bool old_make(const char *sql_path, const char *to, bool log)
{
    size_t len;
    char made[300], *sql = read_all(sql_path, &len);
    sqlite3 *db;
    snprintf(made, sizeof made, "%s-made", log ? to : "");
    bool done = len > 0 && sqlite3_open(log ? made : to, &db) == SQLITE_OK;
    done = done && run(db, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
                           "PRAGMA synchronous=OFF");
    done = done && run(db, sql);
    if (done && log) done = old_copy(made, to);
    if (len > 0) sqlite3_close(db);
    if (log) (void)remove(made);
    free(sql);
    return done;
}

bool old_exec(const char *path, const char *sql)
{
    sqlite3 *db;
    bool done = sqlite3_open(path, &db) == SQLITE_OK && run(db, sql);
    return sqlite3_close(db) == SQLITE_OK && done;
}

static bool add_rows(sqlite3 *db, const char *table, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    sqlite3_free(sql);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(s);
        for (int i = 0; code == SQLITE_ROW && i < sqlite3_column_count(s); i++)
            buf_add_str(out, sqlite_db_str(s, i)), buf_add_char(out, '|');
    }
    sqlite3_finalize(s);
    return code == SQLITE_DONE;
}

int old_dump(const char *path, struct buf *out)
{
    struct sqlite_db d = {0};
    sqlite3_stmt *s = NULL;
    buf_init(out, 4 << 20);
    bool whole = sqlite3_open(path, &d.db) == SQLITE_OK;
    int code = sqlite3_prepare_v2(d.db, "SELECT type, name, sql FROM sqlite_schema ORDER BY name", -1, &s, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(s);
        if (code != SQLITE_ROW) break;
        struct str text = sqlite_db_str(s, 2);
        buf_add_format(out, "\n%.*s\n", STR_ARG(text));
        if (str_eq(sqlite_db_str(s, 0), STR("table")))
            whole = add_rows(d.db, (const char *)sqlite3_column_text(s, 1), out) && whole;
    }
    sqlite3_finalize(s);
    whole = whole && code == SQLITE_DONE && !buf_err(out);
    whole = whole && sqlite_db_int(&d, "SELECT integrity_check='ok' FROM pragma_integrity_check", 0) == 1;
    int version = (int)sqlite_db_int(&d, "PRAGMA user_version", -1);
    whole = sqlite3_close(d.db) == SQLITE_OK && whole;
    return whole ? version : -1;
}
