/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds which key, in a table, on the writing connection. The shelf's functions of these names.
 */
#ifndef STORE_SQLITE_SQLITE_ONCE_H
#define STORE_SQLITE_SQLITE_ONCE_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_ONCE_STATEMENTS 43 /* from this number on: its own among the connection's */

int sqlite_once_holders(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n);
int sqlite_once_hold(struct shelf *s, const struct task_body *body);
int sqlite_once_let_go(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other);
/* At the start: whoever holds one is marked so in the index. */
int sqlite_once_load(struct sqlite_db *d, struct ready *ready, struct err *e);

#endif
