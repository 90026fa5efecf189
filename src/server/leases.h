/* SPDX-License-Identifier: Apache-2.0
 *
 * What pullers have from an earlier server: their attempts run on under the fence they know. The store tells which they
 * are when it is opened; each is read and taken up with one full lease, before anything else is claimed, so that no limit
 * of a queue is passed.
 *
 *   told ──▶ waiting ──few at a time──▶ asking ──it runs, with that fence──▶ a run (run.h)
 *               ▲                          ├── it does not (settled meanwhile): dropped
 *               └──the store is away, 1 s──┘
 *
 * At the end of a server nothing is done to them: they are simply left.
 */
#ifndef SERVER_LEASES_H
#define SERVER_LEASES_H

#include "base/list.h"
#include "base/timer.h"
#include "store/store.h"

struct server;

struct leases {
    struct list waiting; /* of struct lease, owned */
    size_t asking;
    struct timer again;
};

void leases_init(struct leases *l);
void leases_release(struct leases *l);
void leases_told(struct server *s, const struct store_leased *leased, size_t n);
void leases_begin(struct server *s); /* the store is there to be asked */
bool leases_are_known(const struct leases *l); /* all that were told have been taken up */
void leases_stop(struct server *s);            /* it drains: those that wait are left */

#endif
