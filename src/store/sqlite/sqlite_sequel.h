/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows endings, in two tables. The shelf's functions of these names.
 */
#ifndef STORE_SQLITE_SQLITE_SEQUEL_H
#define STORE_SQLITE_SQLITE_SEQUEL_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_SEQUEL_STATEMENTS 68 /* from this number on: its own among the connection's */

int sqlite_sequel_add(struct shelf *s, const struct task_body *body);
int sqlite_sequel_owes(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed);
int sqlite_sequel_owe(struct shelf *s, const struct id *id, int32_t run, struct str next);
int sqlite_sequel_pay(struct shelf *s, const struct id *id, int32_t run);
int sqlite_sequel_owed(struct sqlite_db *d, struct store_owed *r); /* STORE_OWED, by who reads */
int sqlite_sequel_drop(struct sqlite_db *d, const struct id *id); /* with its record */
/* At the start: whose ending something is to follow is marked so in the index. */
int sqlite_sequel_load(struct sqlite_db *d, struct ready *ready, struct err *e);

#endif
