/* SPDX-License-Identifier: Apache-2.0
 *
 * The file's shape: who it belongs to (application_id), which version (user_version), how it is brought forward.
 * Migrations only go forward, each in one transaction; a file of a newer bide, or of another program, is refused
 * untouched.
 */
#ifndef STORE_SQLITE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SQLITE_SCHEMA_H

#include "store/sqlite/sqlite_db.h"

#define SQLITE_SCHEMA_APPLICATION 0x62696465 /* "bide" */
#define SQLITE_SCHEMA_VERSION 16

/* What brings a file of version i to version i + 1. A test makes files of earlier versions with the first of them. */
extern const char *const sqlite_schema_migrations[SQLITE_SCHEMA_VERSION];

/* ERR_FOREIGN when the file is another program's, damaged, or of a newer version than this one knows; nothing of it is
 * changed. Version 0: a new file, which may be there and empty. */
int sqlite_schema_check(struct sqlite_db *d, const char *path, int64_t *ret_version, struct err *e);
/* Checks whose file it is, sets the connection up for writing (WAL, synchronous=FULL), brings the schema forward. */
int sqlite_schema_prepare(struct sqlite_db *d, const char *path, struct err *e);

#endif
