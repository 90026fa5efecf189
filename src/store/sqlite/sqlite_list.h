/* SPDX-License-Identifier: Apache-2.0
 *
 * One page of tasks, newest first. The table that narrows most is walked from its newest row: tags, subject, live rows,
 * done rows, else all bodies.
 */
#ifndef STORE_SQLITE_SQLITE_LIST_H
#define STORE_SQLITE_SQLITE_LIST_H

#include "store/sqlite/sqlite_db.h"
#include "store/store.h"

struct sqlite_seen {
    struct id id; /* the row looked at last */
    bool any;     /* one was looked at */
};

/* Fills the request. The SQL function seen(id) of the connection keeps *seen at the row looked at; an interrupt ends
 * the page there. */
void sqlite_list(struct sqlite_db *d, const struct sqlite_seen *seen, struct store_list *r);

#endif
