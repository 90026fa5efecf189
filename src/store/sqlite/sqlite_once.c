/* SPDX-License-Identifier: Apache-2.0
 *
 * One table, five statements.
 */
#include "store/sqlite/sqlite_once.h"

#include "store/sqlite/sqlite_shelf.h"

enum { HOLDERS = SQLITE_ONCE_STATEMENTS, HOLD, OTHER, LET_GO, LOAD };

static struct sqlite_db *db_of(struct shelf *s) { return &CONTAINER_OF(s, struct sqlite_shelf, shelf)->db; }

int sqlite_once_holders(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, HOLDERS, "SELECT id FROM holder WHERE tenant=?1 AND type=?2 AND key=?3 LIMIT 2");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, body->tenant);
    sqlite_db_bind_text(q, 2, body->type);
    sqlite_db_bind_text(q, 3, body->key);
    return sqlite_db_ids(d, q, ret, ret_n);
}

int sqlite_once_hold(struct shelf *s, const struct task_body *body)
{
    struct sqlite_db *d = db_of(s);
    sqlite3_stmt *q = sqlite_db_statement(d, HOLD, "INSERT INTO holder(id,tenant,type,key) VALUES(?1,?2,?3,?4)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, &body->id);
    sqlite3_bind_int64(q, 2, body->tenant);
    sqlite_db_bind_text(q, 3, body->type);
    sqlite_db_bind_text(q, 4, body->key);
    int err = sqlite_db_run(d, q);
    return err == ERR_CONFLICT ? ERR_STORE : err;
}

/* The other one that holds the key of this. */
static int find_other(struct sqlite_db *d, const struct id *id, struct id *ret, bool *ret_has)
{
    sqlite3_stmt *q = sqlite_db_statement(d, OTHER,
                                          "SELECT o.id FROM holder h JOIN holder o ON o.tenant=h.tenant AND o.type=h.type"
                                          " AND o.key=h.key AND o.id<>h.id WHERE h.id=?1");
    if (!q) return ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    int code = sqlite3_step(q);
    int err = sqlite_db_err(d, code);
    *ret_has = code == SQLITE_ROW;
    if (*ret_has) *ret = sqlite_db_id(q, 0);
    sqlite3_reset(q);
    return err;
}

int sqlite_once_let_go(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other)
{
    struct sqlite_db *d = db_of(s);
    int err = find_other(d, id, ret_other, ret_has_other);
    sqlite3_stmt *q = err ? NULL : sqlite_db_statement(d, LET_GO, "DELETE FROM holder WHERE id=?1");
    if (!q) return err ? err : ERR_STORE;
    sqlite_db_bind_id(q, 1, id);
    err = sqlite_db_run(d, q);
    return err ? err : sqlite3_changes(d->db) == 1 ? 0 : ERR_STORE;
}

static int mark(struct ready *ready, struct id id)
{
    const struct ready_entry *entry = ready_get(ready, &id);
    if (!entry) return ERR_STORE;
    struct life life = entry->life;
    life.keyed = true;
    ready_put(ready, &id, entry->lane, &life);
    return 0;
}

int sqlite_once_load(struct sqlite_db *d, struct ready *ready, struct err *e)
{
    sqlite3_stmt *q = sqlite_db_statement(d, LOAD, "SELECT id FROM holder");
    int code = q ? sqlite3_step(q) : SQLITE_ERROR;
    int err = 0;
    for (; code == SQLITE_ROW; code = sqlite3_step(q)) {
        err = mark(ready, sqlite_db_id(q, 0));
        if (err) break;
    }
    if (err) (void)err_set(e, err, "the store has a row that cannot be: a task that has ended holds a key");
    else if (code != SQLITE_DONE) err = err_set(e, q ? sqlite_db_err(d, code) : ERR_STORE, "%s", sqlite3_errmsg(d->db));
    sqlite3_reset(q);
    return err;
}
