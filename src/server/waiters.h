/* SPDX-License-Identifier: Apache-2.0
 *
 * Who waits for the ending of a task: long polls and `Prefer: wait`. A waiter is told once, after the ending was
 * committed, or it leaves by itself.
 */
#ifndef SERVER_WAITERS_H
#define SERVER_WAITERS_H

#include "base/id.h"
#include "base/list.h"
#include "base/map.h"

struct waiter {
    struct id id;
    struct list link;                      /* among those of the same task */
    void (*on_ended)(struct waiter *w);    /* once; the waiter has left already */
    bool waiting;
};

struct waiters {
    struct map by_id; /* of struct waiter_line, owned */
};

void waiters_init(struct waiters *w);
void waiters_release(struct waiters *w); /* nobody may be waiting */
void waiters_join(struct waiters *w, struct waiter *one); /* id and on_ended set */
void waiters_leave(struct waiters *w, struct waiter *one); /* nothing when it does not wait */
void waiters_tell(struct waiters *w, const struct id *id);
void waiters_tell_all(struct waiters *w); /* the server ends: how things stand is all they will hear */

#endif
