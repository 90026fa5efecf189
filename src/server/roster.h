/* SPDX-License-Identifier: Apache-2.0
 *
 * Who does what: one post per worker pool and per exec or pull type of the configuration, and which post a type goes to. Posts
 * have copies of what the configuration says of them. With another configuration those of whom it says the same stay as
 * they are, with their processes and loaded models; the others retire: their running attempts finish, their processes
 * end, and new posts start theirs when they are needed. A pool with loaded processes serves until its heir, made from the
 * other configuration, has one (succession.h).
 *
 *   on duty ──not the same in another configuration──▶ (until its heir is ready) ──▶ retired ──drained──▶ freed
 */
#ifndef SERVER_ROSTER_H
#define SERVER_ROSTER_H

#include "base/list.h"
#include "handler/pull_desk.h"
#include "handler/resources.h"
#include "handler/web_desk.h"
#include "server/attempt_spare.h"
#include "server/config.h"

struct post {
    struct handler *handler; /* owned */
    struct duty *duty;       /* owned: what the handler was made from */
    struct duty *heir;       /* owned: of a pool, what comes after it (succession.h); NULL: nothing is to */
    struct str name;         /* of the pool, or of the exec or pull type */
    struct worker_batch_conf batch; /* as configured; all 0 for another type */
    int reserved;            /* batches' room kept for what is claimed and not handed over (lane.h) */
    struct run *ahead;       /* claimed, and waiting for room: the best first (ahead.h) */
    int n_ahead;
    const struct run *blocker; /* the best of them when it must be alone, and waits until a process has nothing else; NULL */
    size_t wanted;           /* what it was last told with want() */
    size_t counted;          /* dispatch's, while it counts what is wanted */
    int32_t counted_priority; /* of the best of that */
    int64_t hold_until_ms;   /* mono: no start before, after a failed one */
    int64_t hold_ms;         /* how long the last hold was: doubled by the next failure, 0 after a start that worked */
    char problem[160];       /* why a start failed, while it is held */
};

struct roster_conf {
    const struct config *config;
    struct turn *turn;
    struct spawner *spawner;
    struct fetcher *fetcher;                 /* NULL: no type is an http one */
    void *user;                              /* becomes handler->user */
    void (*on_room)(struct handler *h);
    void (*on_event)(struct handler *h, enum log_level level, const char *what);
    struct attempt_spares *spares;           /* warm-ups work in directories named as theirs */
    struct chores *chores;                   /* NULL: long work is done where it comes up */
};

struct roster {
    struct roster_conf conf;     /* borrowed */
    struct post *posts;          /* owned: pools first, in order, then types */
    size_t n;
    struct list retired;         /* of struct duty */
    struct timer look;           /* at heirs, while there are some */
    struct pull_desk desk;       /* of all pull types */
    struct web_desk web_desk;    /* of all http types */
    struct worker_dirs dirs;     /* of the warm-ups of all pools */
    struct resources resources;  /* of all pools that need something, those of retired posts too */
    int64_t loads, restarts;     /* of the posts that are gone, as in struct worker_view */
    size_t draining;             /* handlers not drained yet */
    void (*on_drained)(void *user);
    void *drained_user;
};

void roster_open(struct roster *r, const struct roster_conf *conf);
/* No claim is on its way. Pointers to posts are void afterwards. */
void roster_change(struct roster *r, const struct config *c);
struct post *roster_post(const struct roster *r, struct str type); /* NULL: the type is not declared, or a chain */
struct post *roster_post_of(const struct roster *r, const struct handler *h); /* NULL: it has retired, or is an heir */
bool roster_is_held(const struct post *p); /* after a start that failed */
/* Batches of this type to claim for it: what its handler has room for or will have soon, less what was claimed for that.
 * Negative: more was claimed than it will have room for. */
int roster_room(const struct post *p, struct str type);
/* So many more batches (negative: fewer) of this type are claimed for it and not handed over. Not more than there is room. */
void roster_reserve(struct post *p, struct str type, int n);
bool roster_delays(const struct roster *r); /* some pool lets tasks wait for others to come (batch.delay) */
bool roster_has_room(const struct post *p, struct str type); /* for a batch that is here, to be started now */
/* Two posts that may wait for the same room: that of workers who ask for types of both. */
bool roster_share_room(const struct post *a, const struct post *b);
/* Every process, those of heirs and of retired posts too. */
void roster_each(const struct roster *r, void (*f)(void *user, const struct worker_view *w), void *user);
/* Asks it of the worker with this id, whosever it is: *ret. Of two, that on duty is asked first, then an heir's, then
 * one that retired. A recycle of the only loaded process of a pool is a succession. ERR_NOT_FOUND, ERR_CONFLICT with the
 * reason. */
int roster_control(struct roster *r, struct str worker_id, enum handler_verb verb, struct handler **ret,
                   struct err *e) MUST_USE;
void roster_drain(struct roster *r, void (*on_drained)(void *user), void *user); /* once */
void roster_one_drained(struct roster *r); /* for succession.c: one that had retired has ended, during a drain */
void roster_close(struct roster *r);                               /* after on_drained */

#endif
