/* SPDX-License-Identifier: Apache-2.0
 *
 * A task as a reader sees it: body, live row or done row, sizes of the two large texts; of one that waits for the result of
 * another the id of that one (NULL: it does not; empty: that one is no more).
 */
#ifndef STORE_SQLITE_SQLITE_VIEW_H
#define STORE_SQLITE_SQLITE_VIEW_H

#include "store/sqlite/sqlite_row.h"

#define SQLITE_VIEW_COLUMNS \
    SQLITE_ROW_BODY ", length(b.input), length(d.result), d.id IS NOT NULL, " SQLITE_ROW_LIVE ", " SQLITE_ROW_DONE                  \
    ", CASE WHEN l.state=0 THEN (SELECT coalesce((SELECT o.id FROM wanted o WHERE o.print=w.print AND o.follows=0 ORDER BY o.id"  \
    " LIMIT 1), x'') FROM wanted w WHERE w.id=b.id AND w.follows=1) END"
#define SQLITE_VIEW_N (SQLITE_ROW_BODY_COLUMNS + 3 + SQLITE_ROW_LIVE_COLUMNS + SQLITE_ROW_DONE_COLUMNS + 1)
/* body is `b` and in the FROM before these */
#define SQLITE_VIEW_JOINS \
    "CROSS JOIN lane n ON n.number=b.lane LEFT JOIN live l ON l.lane=b.lane AND l.id=b.id LEFT JOIN done d ON d.id=b.id"

struct task sqlite_view_task(sqlite3_stmt *s, struct arena *a); /* strs in the arena; input and result left empty */

#endif
