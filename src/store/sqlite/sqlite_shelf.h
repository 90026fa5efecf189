/* SPDX-License-Identifier: Apache-2.0
 *
 * The shelf in tables: what apply.c says, as rows, on the one writing connection. Counts of ended tasks are collected
 * during a batch and written once before its commit.
 */
#ifndef STORE_SQLITE_SQLITE_SHELF_H
#define STORE_SQLITE_SQLITE_SHELF_H

#include "base/buf.h"
#include "base/map.h"
#include "store/shelf.h"
#include "store/sqlite/sqlite_db.h"

struct sqlite_tally {
    struct str queue; /* borrowed from the index */
    enum task_state ending;
    int64_t total;
};

struct sqlite_shelf {
    struct shelf shelf;
    struct sqlite_db db;      /* the one writing connection */
    struct map lanes;         /* "queue\0type" (owned) -> number in the file + 1; forgotten on rollback */
    struct sqlite_tally *tallies; /* owned; of this batch */
    size_t n_tallies, cap_tallies;
    struct buf tags;          /* scratch */
};

void sqlite_shelf_init(struct sqlite_shelf *s); /* db must be open and prepared */
void sqlite_shelf_release(struct sqlite_shelf *s);

#endif
