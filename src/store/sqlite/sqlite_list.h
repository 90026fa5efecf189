/* SPDX-License-Identifier: Apache-2.0
 *
 * One page of tasks, newest first. Each condition of the filter is a set of ranges (sqlite_range.h) that lie in the order
 * of ids: a subject or tag is one, a type, queue and status together are those of each lane in each state. A task is
 * listed when all conditions come upon it; where one has nothing for a while, the others jump over as much. Where type and queue
 * leave more lanes than a few, tasks are looked at one by one instead.
 *
 *      subject   ─────●───────────────────●──────●─────▶ older
 *      tag       ──●──●──────●──●──●──●───●────────────▶
 *      lane×state ────●─●────────●────────●──●─────────▶      listed: the first and the second of the subject
 */
#ifndef STORE_SQLITE_SQLITE_LIST_H
#define STORE_SQLITE_SQLITE_LIST_H

#include "store/sqlite/sqlite_db.h"
#include "store/store.h"

/* Fills the request from one picture of the store. Between two steps is_time_up is asked: when it says so the page ends
 * and says where to go on, which is never where it began. */
void sqlite_list(struct sqlite_db *d, bool (*is_time_up)(void *user), void *user, struct store_list *r);

#endif
