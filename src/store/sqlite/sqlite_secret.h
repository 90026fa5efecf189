/* SPDX-License-Identifier: Apache-2.0
 *
 * The store's secret (struct store): read when it is opened, and made, once, where there is none yet.
 */
#ifndef STORE_SQLITE_SQLITE_SECRET_H
#define STORE_SQLITE_SQLITE_SECRET_H

#include "store/sqlite/sqlite_db.h"
#include "store/store.h"

int sqlite_secret_read(struct sqlite_db *d, uint8_t ret[STORE_SECRET], struct err *e) MUST_USE;

#endif
