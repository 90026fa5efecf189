/* SPDX-License-Identifier: Apache-2.0
 *
 * The lock that makes one process the owner of a store: flock on `FILE.lock`, a separate file, since closing any
 * descriptor of the database file itself would drop SQLite's own locks. Gone with the process, also by kill -9.
 */
#ifndef STORE_SQLITE_SQLITE_LOCK_H
#define STORE_SQLITE_SQLITE_LOCK_H

#include "base/err.h"

enum sqlite_lock_holder { SQLITE_LOCK_SERVER, SQLITE_LOCK_BACKUP };

/* ERR_LOCKED when another process holds it; `e` names the file and who that is. */
int sqlite_lock_take(int *ret_fd, const char *store_path, enum sqlite_lock_holder as, struct err *e) MUST_USE;
void sqlite_lock_drop(int fd);

#endif
