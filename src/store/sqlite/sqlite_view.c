/* SPDX-License-Identifier: Apache-2.0
 *
 * One joined row as a task.
 */
#include "store/sqlite/sqlite_view.h"

struct task sqlite_view_task(sqlite3_stmt *s, struct arena *a)
{
    const int sizes = SQLITE_ROW_BODY_COLUMNS, live = sizes + 3, done = live + SQLITE_ROW_LIVE_COLUMNS;
    struct task t = {.body = sqlite_row_body(s, 0, a)};
    t.input_bytes = (size_t)sqlite3_column_int64(s, sizes);
    t.result_bytes = (size_t)sqlite3_column_int64(s, sizes + 1);
    if (sqlite3_column_int(s, sizes + 2)) {
        t.ending = sqlite_row_done(s, done, a);
        t.life = t.ending.life;
    } else {
        t.life = sqlite_row_live(s, live);
        struct str leader = sqlite_db_str(s, SQLITE_VIEW_N - 1);
        t.follows = leader.p != NULL;
        t.has_leader = leader.len > 0;
        if (t.has_leader) t.leader = sqlite_db_id(s, SQLITE_VIEW_N - 1);
    }
    return t;
}
