/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps of chains that are done, in their table. As the shelf's functions of these names say.
 */
#ifndef STORE_SQLITE_SQLITE_STEP_H
#define STORE_SQLITE_SQLITE_STEP_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_STEP_STATEMENTS 61 /* from this number on: its own among the connection's */

int sqlite_step_put(struct shelf *s, const struct id *id, const struct task_step *step);
int sqlite_step_move(struct shelf *s, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life);
int sqlite_step_get(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n);
int sqlite_step_read(struct sqlite_db *d, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n);
int sqlite_step_drop(struct sqlite_db *d, const struct id *id);
int sqlite_step_strip(struct sqlite_db *d, const struct id *id, unsigned parts); /* of enum retain_part: results, files */

#endif
