/* SPDX-License-Identifier: Apache-2.0
 *
 * One file on its way in: written and hashed beside the loop, a piece at a time. Of a call there may be several, one after the
 * other; they are there for others when arrival_keep was answered.
 *
 *   arrival_open ──▶ arrival_add .. ──▶ arrival_close (synced) ──all of them──▶ the store has their rows ──▶ arrival_settle
 *        └──────────────┴───────────────────────┴── arrival_drop
 *
 * Each is a chore of the call's; on_done is called once, later or from within, with the loop's `sys` in the arrivals.
 */
#ifndef API_ARRIVAL_H
#define API_ARRIVAL_H

#include "base/hash.h"
#include "base/limits.h"
#include "server/filing.h"

struct arrivals;
typedef void arrival_done(struct arrivals *a);

struct arrival {
    struct blob_writer writer;
    struct hash hash;
    struct file file; /* its strs are the owner's */
};

struct arrivals {
    struct chore chore;      /* its work touches what is below this */
    struct blob *blob;       /* borrowed */
    struct arrival *current; /* in `all`, or NULL */
    struct str bytes;        /* arrival_add: borrowed */
    struct arrival *all;     /* room for `max` */
    size_t n, max;
    int sys;                 /* what went wrong, as errno */
    struct chores *chores;   /* borrowed */
    arrival_done *on_done;
};

void arrival_open(struct arrivals *a, const struct file *file, arrival_done *on_done); /* there must be room in `all` */
void arrival_add(struct arrivals *a, struct str bytes, arrival_done *on_done); /* borrowed until on_done */
void arrival_close(struct arrivals *a, arrival_done *on_done);
void arrival_settle(struct arrivals *a, arrival_done *on_done); /* all */
void arrival_drop(struct arrivals *a, arrival_done *on_done);   /* all */
int arrival_failed(const struct arrivals *a, struct err *e) MUST_USE; /* what `sys` says, as an ERR_*; 0: nothing */

#endif
