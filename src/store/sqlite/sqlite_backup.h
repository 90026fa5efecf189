/* SPDX-License-Identifier: Apache-2.0
 *
 * A consistent copy of a store, while a server runs on it or not. It is the store at one moment: the pages are read in
 * one read transaction, so that whatever the server writes meanwhile stays in its log, which grows by that much. The
 * connection is read-only and never checkpoints: exactly one connection does, the server's (sqlite_engine.h).
 *
 *   TO.part-XXXXXX: pages ──▶ checked (whose, version, quick_check) ──▶ synced ──▶ TO, its folder synced
 *
 * Whatever goes wrong, nothing is left under either name, and an older TO stays as it was. Without a server the lock
 * is held meanwhile, so that none starts and goes through recovery under the reader.
 */
#ifndef STORE_SQLITE_SQLITE_BACKUP_H
#define STORE_SQLITE_SQLITE_BACKUP_H

#include "base/err.h"
#include "store/backup.h"

/* ERR_NOT_FOUND: no such store. ERR_FOREIGN: not ours. ERR_CONFLICT: `to` is there, or belongs to a database.
 * ERR_FULL, ERR_IO, ERR_STORE; ERR_CANCELLED: on_progress said so. */
int sqlite_backup(const char *from, const struct store_backup *b, int64_t *ret_bytes, struct err *e) MUST_USE;

#endif
