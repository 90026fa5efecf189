/* SPDX-License-Identifier: Apache-2.0
 *
 * A task has its row in `sequel` as long as its record is there; in `owed` there is one from an ending until what follows it was
 * added.
 */
#include "store/sqlite/sqlite_sequel.h"

#include "store/sqlite/sqlite_row.h"
#include "store/sqlite/sqlite_shelf.h"

enum { ADD = SQLITE_SEQUEL_STATEMENTS, OWES, OWE, PAY, OWED, DROP, LOAD };

#define NEXT SQLITE_ROW_BODY_COLUMNS /* columns behind those of the body and of the ending */
#define ENDING (NEXT + 4)

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

int sqlite_sequel_add(struct shelf *s, const struct task_body *body)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, ADD, "INSERT INTO sequel(id,what) VALUES(?1,?2)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, &body->id);
    sqlite_db_bind_text(q, 2, body->sequel);
    return sqlite_db_run(d, q);
}

int sqlite_sequel_owes(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, OWES, "SELECT EXISTS(SELECT 1 FROM sequel WHERE id=?1), EXISTS(SELECT 1 FROM owed WHERE id=?1)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q);
    *ret_asked = code == SQLITE_ROW && sqlite3_column_int(q, 0);
    *ret_owed = code == SQLITE_ROW && sqlite3_column_int(q, 1);
    int err = sqlite_db_err(d, code);
    sqlite3_reset(q);
    return err;
}

int sqlite_sequel_owe(struct shelf *s, const struct id *id, int32_t run, struct str next)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, OWE, "INSERT INTO owed(id,run,next) VALUES(?1,?2,?3)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, run);
    sqlite_db_bind_text(q, 3, next.len ? next : STR_NONE);
    return sqlite_db_run(d, q);
}

int sqlite_sequel_pay(struct shelf *s, const struct id *id, int32_t run)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, PAY, "DELETE FROM owed WHERE id=?1 AND run=?2");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    sqlite3_bind_int(q, 2, run);
    int err = sqlite_db_run(d, q);
    return err ? err : sqlite3_changes(d->db) == 1 ? 0 : ERR_NOT_FOUND;
}

/* A run that was followed by another has its ending among the past ones. */
int sqlite_sequel_owed(struct sqlite_db *d, struct store_owed *r)
{
    struct arena *a = &r->req.arena;
    sqlite3_stmt *q = sqlite_db_statement(
        d, OWED, "SELECT " SQLITE_ROW_BODY ", o.next, q.what, b.input, d.result, " SQLITE_ROW_DONE
                 " FROM (SELECT * FROM owed ORDER BY id, run LIMIT 1) o CROSS JOIN body b ON b.id=o.id CROSS JOIN lane n ON n.number=b.lane"
                 " CROSS JOIN (SELECT * FROM done UNION ALL SELECT * FROM past) d ON d.id=o.id AND d.run=o.run"
                 " LEFT JOIN sequel q ON q.id=o.id");
    if (!q) return ERR_STORE;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        r->task = (struct task){.body = sqlite_row_body(q, 0, a), .ending = sqlite_row_done(q, ENDING, a)};
        r->next = sqlite_db_copy(a, q, NEXT);
        r->sequel = sqlite_db_copy(a, q, NEXT + 1);
        r->task.body.input = sqlite_db_copy(a, q, NEXT + 2);
        r->task.ending.result = sqlite_db_copy(a, q, NEXT + 3);
        r->task.life = r->task.ending.life;
        r->task.input_bytes = r->task.body.input.len;
        r->task.result_bytes = r->task.ending.result.len;
    }
    r->found = code == SQLITE_ROW;
    sqlite3_reset(q);
    return sqlite_db_err(d, code);
}

int sqlite_sequel_drop(struct sqlite_db *d, const struct id *id)
{
    sqlite3_stmt *q = sqlite_db_statement(d, DROP, "DELETE FROM sequel WHERE id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    return sqlite_db_run(d, q);
}

int sqlite_sequel_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    if (sqlite_db_int(d, "SELECT EXISTS(SELECT 1 FROM sequel)", 1) == 0) return 0; /* else each live row is looked up */
    sqlite3_stmt *q = sqlite_db_statement(d, LOAD, "SELECT l.id FROM live l CROSS JOIN sequel q ON q.id=l.id");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    for (; code == SQLITE_ROW; code = sqlite3_step(q)) {
        struct id id = sqlite_db_id(q, 0);
        const struct ready_entry *entry = ready_get(ready, &id);
        struct life life = entry->life;
        life.sequel = true;
        ready_put(ready, &id, entry->lane, &life);
    }
    int err = q ? sqlite_db_err(d, code) : ERR_STORE;
    if (err) (void)err_set(e, err, "%s", sqlite3_errmsg(d->db));
    sqlite3_reset(q);
    return err;
}
