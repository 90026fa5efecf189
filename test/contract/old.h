/* SPDX-License-Identifier: Apache-2.0
 *
 * Stores that earlier builds have left (test/upgrade/files, SQL text), as files, and any store as text to compare.
 */
#ifndef TEST_CONTRACT_OLD_H
#define TEST_CONTRACT_OLD_H

#include "base/buf.h"

#define OLD_FILES "test/upgrade/files/*.sql" /* ctest runs in the folder of the sources */

/* Makes `to` of the SQL file. With `log` all of it is in the log beside it, as kill -9 leaves it. False: it cannot. */
bool old_make(const char *sql_path, const char *to, bool log);
bool old_copy(const char *from, const char *to); /* with its log, if it has one */
bool old_exec(const char *path, const char *sql);
/* Every table with its text and its rows; the caller releases. Returns the version, -1 when it cannot be read whole. */
int old_dump(const char *path, struct buf *out);

#endif
