/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files and who refers to them, in three tables. Changes on the writing connection, reads on the reader's.
 */
#ifndef STORE_SQLITE_SQLITE_FILE_H
#define STORE_SQLITE_SQLITE_FILE_H

#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

#define SQLITE_FILE_STATEMENTS 76 /* from this number on: its own among the connection's */

extern const struct shelf_files sqlite_file_ops;

int sqlite_file_get(struct sqlite_db *d, const struct id *id, struct arena *a, struct file *ret); /* ERR_NOT_FOUND */
void sqlite_file_read(struct sqlite_db *d, struct store_file_get *r);
void sqlite_file_list(struct sqlite_db *d, struct store_file_list *r);

#endif
