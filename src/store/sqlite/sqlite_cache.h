/* SPDX-License-Identifier: Apache-2.0
 *
 * Results kept for others, in two tables, on the writing connection. The shelf's functions of these names.
 */
#ifndef STORE_SQLITE_SQLITE_CACHE_H
#define STORE_SQLITE_SQLITE_CACHE_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_CACHE_STATEMENTS 30 /* from this number on: its own among the connection's */

int sqlite_cache_want(struct shelf *s, const struct task_body *body, bool follows);
int sqlite_cache_lead(struct shelf *s, const struct id *id);
int sqlite_cache_wanted(struct shelf *s, const uint8_t print[TASK_PRINT], bool follow, const struct id *after, struct id *ret, size_t max,
                     size_t *ret_n);
int sqlite_cache_print(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT]);
int sqlite_cache_keep(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms);
int sqlite_cache_unwant(struct shelf *s, const struct id *id);
int sqlite_cache_kept(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                      struct str *ret_result);
int sqlite_cache_forget(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n);
/* At the start: whose result is to be kept, and who follows, is marked so in the index. */
int sqlite_cache_load(struct sqlite_db *d, struct ready *ready, struct err *e);

#endif
