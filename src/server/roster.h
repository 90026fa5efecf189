/* SPDX-License-Identifier: Apache-2.0
 *
 * Who does what: one post per worker pool and per exec type of the configuration, and which post a type goes to.
 */
#ifndef SERVER_ROSTER_H
#define SERVER_ROSTER_H

#include "handler/handler.h"
#include "server/config.h"

struct post {
    struct handler *handler; /* owned */
    struct str name;         /* of the pool, or of the exec type */
    int reserved;            /* room kept for claims on their way */
    size_t wanted;           /* what it was last told with want() */
    int64_t hold_until_ms;   /* mono: no start before, after a failed one */
    int64_t hold_ms;         /* how long the last hold was: doubled by the next failure, 0 after a start that worked */
    char problem[160];       /* why a start failed, while it is held */
};

struct roster {
    const struct config *config; /* borrowed */
    struct post *posts;          /* owned: pools first, in order, then exec types */
    size_t n;
    size_t draining;             /* handlers not drained yet */
    void (*on_drained)(void *user);
    void *drained_user;
};

struct roster_conf {
    const struct config *config;
    struct turn *turn;
    struct spawner *spawner;
    void *user;                              /* becomes handler->user */
    void (*on_room)(struct handler *h);
    void (*on_event)(struct handler *h, enum log_level level, const char *what);
};

void roster_open(struct roster *r, const struct roster_conf *conf);
struct post *roster_post(const struct roster *r, struct str type); /* NULL: the type is not declared */
int roster_room(const struct post *p);                             /* of its handler, less what is reserved */
void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user); /* once */
void roster_close(struct roster *r);                               /* after on_drained */

#endif
