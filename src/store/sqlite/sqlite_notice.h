/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications, in one table and a row of counts. Changes on the writing connection, reads on the reader's.
 */
#ifndef STORE_SQLITE_SQLITE_NOTICE_H
#define STORE_SQLITE_SQLITE_NOTICE_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_NOTICE_STATEMENTS 90 /* from this number on: its own among the connection's */

extern const struct shelf_notices sqlite_notice_ops;

void sqlite_notice_read(struct sqlite_db *d, struct store_notice_get *r);
void sqlite_notice_list(struct sqlite_db *d, struct store_notice_list *r);

#endif
