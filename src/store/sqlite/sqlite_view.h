/* SPDX-License-Identifier: Apache-2.0
 *
 * A task as a reader sees it: body, live row or done row, sizes of the two large texts.
 */
#ifndef STORE_SQLITE_SQLITE_VIEW_H
#define STORE_SQLITE_SQLITE_VIEW_H

#include "store/sqlite/sqlite_row.h"

#define SQLITE_VIEW_COLUMNS \
    SQLITE_ROW_BODY ", length(b.input), length(d.result), d.id IS NOT NULL, " SQLITE_ROW_LIVE ", " SQLITE_ROW_DONE
#define SQLITE_VIEW_N (SQLITE_ROW_BODY_COLUMNS + 3 + SQLITE_ROW_LIVE_COLUMNS + SQLITE_ROW_DONE_COLUMNS)
/* body is `b` and in the FROM before these */
#define SQLITE_VIEW_JOINS \
    "CROSS JOIN lane n ON n.number=b.lane LEFT JOIN live l ON l.lane=b.lane AND l.id=b.id LEFT JOIN done d ON d.id=b.id"

struct task sqlite_view_task(sqlite3_stmt *s, struct arena *a); /* strs in the arena; input and result left empty */

#endif
