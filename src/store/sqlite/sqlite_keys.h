/* SPDX-License-Identifier: Apache-2.0
 *
 * Idempotency keys in their table, on the writing connection.
 */
#ifndef STORE_SQLITE_SQLITE_KEYS_H
#define STORE_SQLITE_SQLITE_KEYS_H

#include "store/sqlite/sqlite_db.h"
#include "store/store.h"

#define SQLITE_KEYS_STATEMENTS 50 /* from this number on: its own among the connection's */

int sqlite_keys_add(struct sqlite_db *d, const struct store_add_item *it, int64_t now_ms);
/* ERR_NOT_FOUND when the key was never used. */
int sqlite_keys_find(struct sqlite_db *d, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first);
int sqlite_keys_forget(struct sqlite_db *d, int64_t before_ms, size_t max, size_t *ret_n);

#endif
