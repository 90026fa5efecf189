/* SPDX-License-Identifier: Apache-2.0
 *
 * One table, four statements.
 */
#include "store/sqlite/sqlite_save.h"

enum { PUT = SQLITE_SAVE_STATEMENTS, GET, GET_NARROW, DROP, LOAD };

int sqlite_save_put(struct sqlite_db *d, const struct id *id, int32_t run, const struct task_save *save)
{
    sqlite3_stmt *q = sqlite_db_statement(
        d, PUT, "INSERT OR REPLACE INTO save(id,run,attempt,resumed_from,at,data) VALUES(?1,?2,?3,?4,?5,?6)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, run);
    sqlite3_bind_int(q, 3, save->attempt);
    sqlite3_bind_int(q, 4, save->resumed_from);
    sqlite3_bind_int64(q, 5, save->at_ms);
    sqlite_db_bind_blob(q, 6, save->data.len ? save->data : STR(""));
    return sqlite_db_run(d, q);
}

int sqlite_save_get(struct sqlite_db *d, const struct id *id, int32_t run, struct arena *a, struct task_save *ret)
{
    sqlite3_stmt *q =
        a ? sqlite_db_statement(d, GET, "SELECT attempt,resumed_from,at,length(data),data FROM save WHERE id=?1 AND run=?2")
          : sqlite_db_statement(d, GET_NARROW, "SELECT attempt,resumed_from,at,length(data) FROM save WHERE id=?1 AND run=?2");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, run);
    int code = sqlite3_step(q);
    int err = sqlite_db_err(d, code);
    if (code == SQLITE_ROW)
        *ret = (struct task_save){.attempt = sqlite3_column_int(q, 0),
                                  .resumed_from = sqlite3_column_int(q, 1),
                                  .at_ms = sqlite3_column_int64(q, 2),
                                  .bytes = (size_t)sqlite3_column_int64(q, 3),
                                  .data = a ? sqlite_db_copy(a, q, 4) : STR_NONE};
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

int sqlite_save_drop(struct sqlite_db *d, const struct id *id)
{
    sqlite3_stmt *q = sqlite_db_statement(d, DROP, "DELETE FROM save WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    return sqlite_db_run(d, q);
}

int sqlite_save_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    sqlite3_stmt *q = sqlite_db_statement(d, LOAD, "SELECT id, run FROM save");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    for (; code == SQLITE_ROW; code = sqlite3_step(q)) {
        struct id id = sqlite_db_id(q, 0);
        const struct ready_entry *entry = ready_get(ready, &id);
        if (!entry || entry->life.run != sqlite3_column_int(q, 1)) continue; /* nobody will ask for it */
        struct life life = entry->life;
        life.saved = true;
        ready_put(ready, &id, entry->lane, &life);
    }
    int err = q ? sqlite_db_err(d, code) : ERR_STORE;
    if (err) (void)err_set(e, err, "%s", sqlite3_errmsg(d->db));
    sqlite3_reset(q);
    return err;
}
