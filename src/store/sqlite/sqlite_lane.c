/* SPDX-License-Identifier: Apache-2.0
 *
 * A map in front of the table.
 */
#include "store/sqlite/sqlite_lane.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>

enum { SQLITE_LANE_FIND = SQLITE_LANE_STATEMENTS, SQLITE_LANE_ADD };

void sqlite_lane_forget(struct map *known)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(known, &at));) free((char *)e->key.p);
    map_release(known);
    map_init(known);
}

static int in_file(struct sqlite_db *d, struct str queue, struct str type, int64_t *ret)
{
    sqlite3_stmt *q = sqlite_db_statement(d, SQLITE_LANE_FIND, "SELECT number FROM lane WHERE queue=?1 AND type=?2");
    if (!q) return ERR_STORE;
    sqlite_db_bind_text(q, 1, queue);
    sqlite_db_bind_text(q, 2, type);
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) *ret = sqlite3_column_int64(q, 0);
    int err = sqlite_db_err(d, code);
    sqlite3_reset(q);
    if (err || code == SQLITE_ROW) return err;
    q = sqlite_db_statement(d, SQLITE_LANE_ADD, "INSERT INTO lane(queue,type) VALUES(?1,?2)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_text(q, 1, queue);
    sqlite_db_bind_text(q, 2, type);
    err = sqlite_db_run(d, q);
    *ret = sqlite3_last_insert_rowid(d->db);
    return err;
}

int sqlite_lane_of(struct sqlite_db *d, struct map *known_lanes, struct str queue, struct str type, int64_t *ret)
{
    char name[2 * LIMIT_NAME + 1];
    memcpy(name, queue.p, queue.len);
    name[queue.len] = 0;
    memcpy(name + queue.len + 1, type.p, type.len);
    struct str key = {name, queue.len + 1 + type.len};
    uintptr_t known = (uintptr_t)map_get(known_lanes, key);
    if (known) {
        *ret = (int64_t)known - 1;
        return 0;
    }
    int err = in_file(d, queue, type, ret);
    if (!err) (void)map_put(known_lanes, mem_str(key), (void *)(uintptr_t)(*ret + 1));
    return err;
}
