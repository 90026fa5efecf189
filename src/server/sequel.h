/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows the endings of tasks is made: the store tells what is owed (STORE_OWED), somebody who knows submissions makes
 * tasks of it, and the commit that adds them pays for it. One ending after the other, the oldest first, until nothing is owed.
 *
 *   resting ──an ending owes something──▶ asking ──found──▶ paying ──added──▶ asking
 *      ▲                                    │ nothing         │ the store is away: again in a second
 *      └────────────────────────────────────┘ ◀───────────────┘
 */
#ifndef SERVER_SEQUEL_H
#define SERVER_SEQUEL_H

#include "store/store.h"

enum sequel_state { SEQUEL_RESTING, SEQUEL_ASKING, SEQUEL_PAYING, SEQUEL_PAUSING };

struct server;

struct sequel_maker {
    void *user;
    /* What is to follow this ending, in its arena. What cannot be made is told to the log, and how many those are. */
    void (*make)(void *user, struct store_owed *o, struct store_add_item **ret, size_t *ret_n, size_t *ret_unmade);
    /* The notifications of this ending, the same. May be NULL. */
    void (*notices)(void *user, struct store_owed *o, struct notice **ret, size_t *ret_n);
    /* `next` of a verdict: can it be made? 0, or the reason. */
    int (*check)(void *user, struct str next, struct err *e);
};

struct sequel {
    struct server *server;
    struct sequel_maker maker; /* make NULL: nobody asks */
    enum sequel_state state;
    bool more, stopped; /* more: something was owed since it was asked last */
    struct store_owed owed;
    struct store_add add;
    size_t unmade;          /* of this ending */
    struct timer again;
    int64_t added, refused; /* tasks, since the start */
};

void sequel_init(struct sequel *q, struct server *s);
void sequel_owed(struct sequel *q); /* something is, or may be */
void sequel_stop(struct sequel *q);
bool sequel_is_idle(const struct sequel *q);
int sequel_check(const struct sequel *q, struct str next, struct err *e) MUST_USE;

#endif
