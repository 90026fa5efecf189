/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints in their table, one row a task. As the shelf's functions of the same names say.
 */
#ifndef STORE_SQLITE_SQLITE_SAVE_H
#define STORE_SQLITE_SQLITE_SAVE_H

#include "store/ready.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_SAVE_STATEMENTS 56 /* from this number on: its own among the connection's */

int sqlite_save_put(struct sqlite_db *d, const struct id *id, int32_t run, const struct task_save *save);
int sqlite_save_get(struct sqlite_db *d, const struct id *id, int32_t run, struct arena *a, struct task_save *ret);
int sqlite_save_drop(struct sqlite_db *d, const struct id *id);
/* At the start: whoever has one is marked so in the index. */
int sqlite_save_load(struct sqlite_db *d, struct ready *ready, struct err *e);

#endif
