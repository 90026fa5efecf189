/* SPDX-License-Identifier: Apache-2.0
 *
 * One table, three statements.
 */
#include "store/sqlite/sqlite_keys.h"

enum { ADD = SQLITE_KEYS_STATEMENTS, FIND, FORGET };

int sqlite_keys_add(struct sqlite_db *d, const struct store_add_item *it, int64_t now_ms)
{
    sqlite3_stmt *q = sqlite_db_statement(d, ADD, "INSERT INTO idempotency(tenant,key,print,id,at) VALUES(?1,?2,?3,?4,?5)");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, it->body->tenant);
    sqlite_db_bind_text(q, 2, it->key);
    sqlite_db_bind_blob(q, 3, (struct str){(const char *)it->print, sizeof it->print});
    sqlite_db_bind_id(q, 4, &it->body->id);
    sqlite3_bind_int64(q, 5, now_ms);
    return sqlite_db_run(d, q);
}

int sqlite_keys_find(struct sqlite_db *d, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first)
{
    sqlite3_stmt *q = sqlite_db_statement(d, FIND, "SELECT print, id FROM idempotency WHERE tenant=?1 AND key=?2");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, it->body->tenant);
    sqlite_db_bind_text(q, 2, it->key);
    int code = sqlite3_step(q);
    int err = sqlite_db_err(d, code);
    struct str print = code == SQLITE_ROW ? sqlite_db_str(q, 0) : STR_NONE;
    if (code == SQLITE_ROW && print.len != STORE_PRINT) err = ERR_STORE;
    if (code == SQLITE_ROW && !err) {
        memcpy(ret_print, print.p, STORE_PRINT);
        *ret_first = sqlite_db_id(q, 1);
    }
    sqlite3_reset(q);
    return err || code == SQLITE_ROW ? err : ERR_NOT_FOUND;
}

int sqlite_keys_forget(struct sqlite_db *d, int64_t before_ms, size_t max, size_t *ret_n)
{
    sqlite3_stmt *q = sqlite_db_statement(d, FORGET,
                                          "DELETE FROM idempotency WHERE (tenant, key) IN"
                                          " (SELECT tenant, key FROM idempotency WHERE at<?1 ORDER BY at LIMIT ?2)");
    if (!q) return ERR_STORE;
    sqlite3_bind_int64(q, 1, before_ms);
    sqlite3_bind_int64(q, 2, (int64_t)max);
    int err = sqlite_db_run(d, q);
    *ret_n = err ? 0 : (size_t)sqlite3_changes(d->db);
    return err;
}
