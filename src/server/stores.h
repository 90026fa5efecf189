/* SPDX-License-Identifier: Apache-2.0
 *
 * A store by its URL: `mem:` or `sqlite:FILE`.
 */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H

#include "loop/loop.h"
#include "store/backup.h"
#include "store/store.h"

int stores_open(struct store **ret, const char *url, struct loop *l, const struct store_events *events,
                struct err *e) MUST_USE;
/* Copies a store that this process has not opened. ERR_UNSUPPORTED for one that is nowhere but in its server; the rest
 * is the engine's (sqlite_backup.h). */
int stores_backup(const char *url, const struct store_backup *b, int64_t *ret_bytes, struct err *e) MUST_USE;

#endif
