/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests to a store about notifications: see store.h. They are added by the STORE_ADD that pays for an ending, in its commit,
 * so there is one if and only if what follows that ending was made. How many there are and how many nobody has read is kept
 * with them, never counted.
 */
#ifndef STORE_STORE_NOTICE_H
#define STORE_STORE_NOTICE_H

#include "store/store_req.h"
#include "task/notice.h"

struct store_notice_total {
    int64_t n, unread;
};

/* STORE_NOTICE_READ: one, by its id, or by its serial when that is > 0; or, with `all`, those that nobody has read, the oldest
 * first, at most `max` by one commit. What was read before stays as it was. */
struct store_notice_read {
    struct store_req req;
    struct id id;
    int64_t serial;
    bool all;
    struct str subject;    /* all: only of this one; p NULL: any; borrowed until on_done */
    bool has_until;
    struct id until;       /* all: none above this id, so that an end is reached while others come */
    size_t max;            /* all: > 0 */
    int err;               /* out, of one: 0, ERR_NOT_FOUND */
    struct notice notice;  /* out, of one, strs in the arena: after it */
    size_t n;              /* out: those that were unread before */
    bool more;             /* out, all: there are others */
    int64_t unread;        /* out: of all */
};

/* STORE_NOTICE_DROP */
struct store_notice_drop {
    struct store_req req;
    struct id id;
    int err;        /* out: 0, ERR_NOT_FOUND */
    int64_t unread; /* out: of all */
};

/* STORE_NOTICE_SWEEP: looks at the `max` oldest; those go that were made before a moment, and those that are above `keep`. */
struct store_notice_sweep {
    struct store_req req;
    int64_t before_ms;      /* wall; 0: none goes for its age */
    int64_t keep;           /* so many stay; 0: all */
    size_t max;             /* > 0 */
    size_t n;               /* out: that went */
    bool more;              /* out: all that were looked at went, there may be others */
    int64_t oldest_ms;      /* out: when the oldest of those that stay was made; INT64_MAX: none stays */
    struct store_notice_total total; /* out */
};

/* STORE_NOTICE_GET: by its id, or by its serial when that is > 0. */
struct store_notice_get {
    struct store_req req;
    struct id id;
    int64_t serial;
    int found;            /* out: 0 or ERR_NOT_FOUND */
    struct notice notice; /* out, strs in the arena */
};

/* STORE_NOTICE_LIST: newest first. Costs what it shows, whatever there is besides. */
struct store_notice_list {
    struct store_req req;
    bool unread_only;
    struct str subject;   /* p NULL: any; borrowed until on_done */
    bool has_task;
    struct id task;
    size_t limit;         /* 0..LIMIT_PAGE; 0: only the counts are asked for */
    bool has_after;
    struct id after;      /* go on below this id */
    struct notice *items; /* out, strs in the arena */
    size_t n;
    bool more;            /* out */
    struct store_notice_total total; /* out: of all */
    int64_t unread;       /* out: of the subject; without one, of all */
};

#endif
