/* SPDX-License-Identifier: Apache-2.0
 */
#include "store/sqlite/sqlite_secret.h"

#include "base/rng.h"

#include <string.h>

/* `bytes`: given with `gives`, else what was found. */
static int run(struct sqlite_db *d, const char *sql, bool gives, uint8_t bytes[STORE_SECRET], bool *ret_found)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, sql, -1, &s, NULL);
    if (code == SQLITE_OK && gives) code = sqlite3_bind_blob(s, 1, bytes, STORE_SECRET, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    struct str found = code == SQLITE_ROW ? sqlite_db_str(s, 0) : STR_NONE;
    *ret_found = found.len == STORE_SECRET;
    if (*ret_found) memcpy(bytes, found.p, STORE_SECRET);
    sqlite3_finalize(s);
    return code == SQLITE_DONE || *ret_found ? 0 : ERR_STORE;
}

int sqlite_secret_read(struct sqlite_db *d, uint8_t ret[STORE_SECRET], struct err *e)
{
    bool found;
    int err = run(d, "SELECT bytes FROM secret", false, ret, &found);
    if (!err && !found) {
        rng_fill(rng_system(), ret, STORE_SECRET);
        err = run(d, "INSERT INTO secret VALUES(?1)", true, ret, &found);
    }
    return err ? err_set(e, err, "the store's secret: %s", sqlite3_errmsg(d->db)) : 0;
}
