/* SPDX-License-Identifier: Apache-2.0
 *
 * What a start reads of the file: all that the index needs.
 */
#ifndef STORE_SQLITE_SQLITE_LOAD_H
#define STORE_SQLITE_SQLITE_LOAD_H

#include "store/ready.h"
#include "store/sqlite/sqlite_db.h"

int sqlite_load(struct sqlite_db *d, struct ready *ready, struct err *e);

#endif
