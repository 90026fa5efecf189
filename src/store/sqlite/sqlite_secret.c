/* SPDX-License-Identifier: Apache-2.0
 */
#include "store/sqlite/sqlite_secret.h"

#include "base/rng.h"

#include <string.h>

static int run(struct sqlite_db *d, const char *sql, const uint8_t *given, uint8_t ret[STORE_SECRET], bool *ret_found)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &s, NULL);
    if (code == SQLITE_OK && given) code = sqlite3_bind_blob(s, 1, given, STORE_SECRET, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    struct str bytes = code == SQLITE_ROW ? sqlite_db_str(s, 0) : STR_NONE;
    *ret_found = bytes.len == STORE_SECRET;
    if (*ret_found) memcpy(ret, bytes.p, STORE_SECRET);
    bool good = code == SQLITE_DONE || *ret_found;
    sqlite3_finalize(s);
    return good ? 0 : ERR_STORE;
}

int sqlite_secret_read(struct sqlite_db *d, uint8_t ret[STORE_SECRET], struct err *e)
{
    bool found;
    uint8_t made[STORE_SECRET];
    int err = run(d, "SELECT bytes FROM secret", NULL, ret, &found);
    if (err || found) return err ? err_set(e, err, "the store's secret: %s", sqlite3_errmsg(d->db)) : 0;
    rng_fill(rng_system(), made, sizeof made);
    err = run(d, "INSERT INTO secret VALUES(?1)", made, ret, &found);
    memcpy(ret, made, sizeof made);
    return err ? err_set(e, err, "the store's secret: %s", sqlite3_errmsg(d->db)) : 0;
}
