/* SPDX-License-Identifier: Apache-2.0
 *
 * Who does what: one post per worker pool and per exec type of the configuration, and which post a type goes to. Posts
 * have copies of what the configuration says of them. With another configuration those of whom it says the same stay as
 * they are, with their processes and loaded models; the others retire: their running attempts finish, their processes
 * end, and new posts start theirs when they are needed.
 *
 *   on duty ──not the same in another configuration──▶ retired ──drained──▶ freed
 */
#ifndef SERVER_ROSTER_H
#define SERVER_ROSTER_H

#include "base/list.h"
#include "handler/handler.h"
#include "server/config.h"

struct post {
    struct handler *handler; /* owned */
    struct duty *duty;       /* owned: what the handler was made from */
    struct str name;         /* of the pool, or of the exec type */
    int reserved;            /* room kept for claims on their way */
    struct run *ahead;       /* claimed, and waiting for room: the best first (ahead.h) */
    int n_ahead;
    size_t wanted;           /* what it was last told with want() */
    int64_t hold_until_ms;   /* mono: no start before, after a failed one */
    int64_t hold_ms;         /* how long the last hold was: doubled by the next failure, 0 after a start that worked */
    char problem[160];       /* why a start failed, while it is held */
};

struct roster_conf {
    const struct config *config;
    struct turn *turn;
    struct spawner *spawner;
    void *user;                              /* becomes handler->user */
    void (*on_room)(struct handler *h);
    void (*on_event)(struct handler *h, enum log_level level, const char *what);
};

struct roster {
    struct roster_conf conf;     /* borrowed */
    struct post *posts;          /* owned: pools first, in order, then exec types */
    size_t n;
    struct list retired;         /* of struct duty */
    int64_t loads, restarts;     /* of the posts that are gone, as in struct worker_view */
    size_t draining;             /* handlers not drained yet */
    void (*on_drained)(void *user);
    void *drained_user;
};

void roster_open(struct roster *r, const struct roster_conf *conf);
/* No claim is on its way. Pointers to posts are void afterwards. */
void roster_change(struct roster *r, const struct config *c);
struct post *roster_post(const struct roster *r, struct str type); /* NULL: the type is not declared */
struct post *roster_post_of(const struct roster *r, const struct handler *h); /* NULL: it has retired */
bool roster_is_held(const struct post *p); /* after a start that failed */
/* Tasks to claim for it: what its handler has room for or will have soon, less what was claimed for that. */
int roster_room(const struct post *p);
/* Every process, those of retired posts too. */
void roster_each(const struct roster *r, void (*f)(void *user, const struct worker_view *w), void *user);
/* Asks it of the worker with this id, whosever it is: *ret. Of two, one of them retired, that on duty is asked first.
 * ERR_NOT_FOUND, ERR_CONFLICT with the reason. */
int roster_control(const struct roster *r, struct str worker_id, enum handler_verb verb, struct handler **ret,
                   struct err *e) MUST_USE;
void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user); /* once */
void roster_close(struct roster *r);                               /* after on_drained */

#endif
