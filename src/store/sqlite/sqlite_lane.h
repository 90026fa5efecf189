/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers that stand for (queue, type) in the rows: given on first use, remembered in a map until a rollback may
 * have taken some back.
 */
#ifndef STORE_SQLITE_SQLITE_LANE_H
#define STORE_SQLITE_SQLITE_LANE_H

#include "base/map.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_LANE_STATEMENTS 40 /* from this number on: its own among the connection's */

int sqlite_lane_of(struct sqlite_db *d, struct map *known, struct str queue, struct str type, int64_t *ret);
void sqlite_lane_forget(struct map *known); /* it stays usable: map_release ends it */

#endif
