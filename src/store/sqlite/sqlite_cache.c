/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows name tasks; the result itself is in its task's ending, and while that is not there (gone, another run, stripped
 * of it) the row answers nothing. It is not looked for when a task goes: it goes when its time is over.
 */
#include "store/sqlite/sqlite_cache.h"

#include "store/sqlite/sqlite_shelf.h"

enum { WANT = SQLITE_CACHE_STATEMENTS, LEAD, WANTED, PRINT, KEEP, UNWANT, KEPT, FORGET, LOAD };

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

static struct str bytes_of(const uint8_t print[TASK_PRINT]) { return (struct str){(const char *)print, TASK_PRINT}; }

int sqlite_cache_want(struct shelf *s, const struct task_body *body, bool follows)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, WANT, "INSERT INTO wanted(id,print,ttl,follows) VALUES(?1,?2,?3,?4)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, &body->id);
    sqlite_db_bind_blob(q, 2, bytes_of(body->cache.print));
    sqlite3_bind_int64(q, 3, body->cache.ttl_ms);
    sqlite3_bind_int(q, 4, follows);
    int err = sqlite_db_run(d, q);
    return err == ERR_CONFLICT ? ERR_STORE : err;
}

int sqlite_cache_lead(struct shelf *s, const struct id *id)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, LEAD, "UPDATE wanted SET follows=0 WHERE id=?1 AND follows=1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int err = sqlite_db_run(d, q);
    return err ? err : sqlite3_changes(d->db) == 1 ? 0 : ERR_STORE;
}

int sqlite_cache_wanted(struct shelf *s, const uint8_t print[TASK_PRINT], bool follow, const struct id *after, struct id *ret, size_t max,
                     size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, WANTED, "SELECT id FROM wanted WHERE print=?1 AND follows=?2 AND id>?4 ORDER BY id LIMIT ?3");
    if (!q) return ERR_STORE;
    sqlite_db_bind_blob(q, 1, bytes_of(print));
    sqlite3_bind_int(q, 2, follow);
    sqlite3_bind_int64(q, 3, (int64_t)max);
    if (after) sqlite_db_bind_id(q, 4, after);
    else sqlite_db_bind_blob(q, 4, STR(""));
    return sqlite_db_ids(d, q, ret, ret_n);
}

int sqlite_cache_print(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT])
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, PRINT, "SELECT print FROM wanted WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q);
    struct str print = code == SQLITE_ROW ? sqlite_db_str(q, 0) : STR_NONE;
    bool whole = print.len == TASK_PRINT;
    if (whole) memcpy(ret, print.p, TASK_PRINT);
    sqlite3_reset(q);
    return whole ? 0 : ERR_STORE;
}

int sqlite_cache_keep(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, KEEP,
                                          "INSERT OR REPLACE INTO cache(print,id,run,until)"
                                          " SELECT print,id,?2,?3+ttl FROM wanted WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, run);
    sqlite3_bind_int64(q, 3, now_ms);
    return sqlite_db_run(d, q);
}

int sqlite_cache_unwant(struct shelf *s, const struct id *id)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, UNWANT, "DELETE FROM wanted WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int err = sqlite_db_run(d, q);
    return err ? err : sqlite3_changes(d->db) == 1 ? 0 : ERR_STORE;
}

int sqlite_cache_kept(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                      struct str *ret_result)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, KEPT,
                                          "SELECT d.id, d.result FROM cache c JOIN done d ON d.id=c.id AND d.run=c.run"
                                          " WHERE c.print=?1 AND c.until>?2 AND d.state=?3 AND d.purged&?4=0");
    if (!q) return ERR_STORE;
    sqlite_db_bind_blob(q, 1, bytes_of(print));
    sqlite3_bind_int64(q, 2, now_ms);
    sqlite3_bind_int(q, 3, TASK_COMPLETED);
    sqlite3_bind_int(q, 4, RETAIN_RESULT);
    int code = sqlite3_step(q);
    int err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW) {
        *ret_id = sqlite_db_id(q, 0);
        *ret_result = sqlite_db_copy(a, q, 1);
    }
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

int sqlite_cache_forget(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, FORGET,
                                          "DELETE FROM cache WHERE print IN"
                                          " (SELECT print FROM cache WHERE until<=?1 ORDER BY until LIMIT ?2)");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, now_ms);
    sqlite3_bind_int64(q, 2, (int64_t)max);
    int err = sqlite_db_run(d, q);
    *ret_n = err ? 0 : (size_t)sqlite3_changes(d->db);
    return err;
}

/* Those that follow are marked so; of each print the oldest is looked at once more. */
static int mark(struct ready *ready, struct id id, bool follows, bool woken)
{
    const struct ready_entry *entry = ready_get(ready, &id);
    if (!entry || (follows && entry->life.state != TASK_BLOCKED)) return ERR_STORE;
    struct life life = entry->life;
    life.cached = true;
    life.follows = follows;
    life.woken = woken;
    ready_put(ready, &id, entry->lane, &life);
    return 0;
}

int sqlite_cache_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    sqlite3_stmt *q = sqlite_db_statement(d, LOAD,
                                          "SELECT w.id, w.follows, w.follows AND w.id=(SELECT min(o.id) FROM wanted o"
                                          " WHERE o.print=w.print AND o.follows=1) FROM wanted w");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    int err = 0;
    for (; code == SQLITE_ROW; code = sqlite3_step(q)) {
        err = mark(ready, sqlite_db_id(q, 0), sqlite3_column_int(q, 1) != 0, sqlite3_column_int(q, 2) != 0);
        if (err) break;
    }
    if (err) (void)err_set(e, err, "the store has a row that cannot be: the result of a task that has ended is still wanted");
    else if (code != SQLITE_DONE) err = err_set(e, q ? sqlite_db_err(d, code) : ERR_STORE, "%s", sqlite3_errmsg(d->db));
    sqlite3_reset(q);
    return err;
}
