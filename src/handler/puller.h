/* SPDX-License-Identifier: Apache-2.0
 *
 * Who pulls: the workers elsewhere that have asked for work, by the name they give themselves. Only for people to look
 * at (GET /v1/workers): nothing is decided by it. One that neither asks nor holds anything is forgotten after
 * PULLER_FORGET_MS.
 */
#ifndef HANDLER_PULLER_H
#define HANDLER_PULLER_H

#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/turn.h"

#define PULLER_FORGET_MS (2 * 60 * 1000)

struct pullers {
    struct turn *turn; /* borrowed */
    struct map by_name;
    struct list all;   /* of struct puller, the one heard of first is the first */
};

struct puller {
    struct list link;
    struct pullers *register_; /* borrowed */
    struct str name, host;     /* owned */
    struct str *types;         /* owned, with their texts: what it asked for last */
    size_t n_types;
    int64_t first_wall_ms, seen_wall_ms;
    size_t n_claims; /* of its own that wait */
    size_t n_held;   /* attempts it has */
    int64_t tasks;   /* verdicts it gave */
    struct timer forget;
};

void puller_open_all(struct pullers *p, struct turn *turn);
void puller_close_all(struct pullers *p); /* nobody has anything */
/* The one of that name, heard of now, with another claim; made when it is new. ERR_AGAIN: there are LIMIT_PULLERS. */
int puller_claims(struct pullers *all, struct str name, struct str host, const struct str *types, size_t n_types,
                  struct puller **ret) MUST_USE;
/* In place of those of whom an earlier server knew the names. */
struct puller *puller_unknown(struct pullers *all);
void puller_claimed(struct puller *p); /* that claim is over */
void puller_takes(struct puller *p);   /* an attempt */
void puller_took(struct puller *p);    /* that attempt is over */
void puller_heard(struct puller *p);   /* now */
bool puller_asks_for(const struct puller *p, struct str pattern); /* the last time it asked, for something that it means */

#endif
