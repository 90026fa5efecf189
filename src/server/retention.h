/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the store from growing for ever: passes over the ended tasks, newest first, and takes away what their type's
 * rules (task/retain.h) do not keep any longer. In small steps, so that nobody waits for it: a page of narrow rows is
 * read beside the deciding thread, what is due goes in chunks of few tasks or RETENTION_BYTES, with a pause between
 * pages. Files of an attempt go before the row that names them.
 *
 *   resting ──time, new endings──▶ looking ──a page──▶ purging ⟲ ──all of the page gone──▶ pausing ──▶ looking
 *      ▲                              │ no more rows                                                      │
 *      └── notices ◀── keys ◀─────────┴── store away: again in a minute ◀─────────────────────────────────┘
 *
 * A pass that is asked for (`bide gc`) can be dry: then it only counts.
 */
#ifndef SERVER_RETENTION_H
#define SERVER_RETENTION_H

#include "base/map.h"
#include "store/store.h"

#define RETENTION_PAGE 200
#define RETENTION_CHUNK 10            /* tasks of one commit: half a millisecond */
#define RETENTION_BULK 50             /* the same when all of a page is due: there may be many, and they must not gather */
#define RETENTION_BYTES (1024 * 1024) /* or so many bytes: one task at least */
#define RETENTION_PAUSE_MS 5          /* between two pages */
#define RETENTION_EVERY_MS 60000      /* between two passes, and after a store that was away; less when rules are short */
#define RETENTION_KEYS_MS (24 * 3600 * 1000) /* idempotency keys are kept for so long */

struct server;

struct retention_counts { /* of a pass, so far */
    int64_t looked, records, inputs, results, logs, files, bytes, keys, notices;
};

struct retention {
    struct server *server;
    enum { RETENTION_RESTING, RETENTION_LOOKING, RETENTION_PURGING, RETENTION_PAUSING, RETENTION_KEYS, RETENTION_NOTICES } state;
    struct timer timer;
    struct wall_watch wall;
    bool stopped, dry;
    bool wishes;               /* tasks have been seen that say themselves how long they are kept */
    int64_t ended_at_ms;       /* wall; when a task ended that no pass has looked at, the first; 0: none */
    struct store_kept kept;
    struct store_purge purge;
    struct store_purge_item items[RETENTION_PAGE]; /* due of this page */
    int64_t bytes[RETENTION_PAGE];                 /* of each */
    size_t n_items, at;
    struct store_notice_sweep sweep;
    int64_t n_notices;         /* notifications that there are, as of the last sweep and with those made since */
    int64_t noticed_at_ms;     /* wall; when one was made that no pass has looked at, the first; 0: none */
    struct map seen;           /* "type\0state" -> struct retain_seen, owned */
    int64_t next_due_ms;       /* wall; by age, of what stays */
    int64_t begin_at_ms;       /* wall; resting: when the next pass is wanted */
    struct retention_counts counts, total; /* of this pass; since the start, of passes that were not dry */
    void (*on_asked)(void *user, int err, const struct retention_counts *counts); /* NULL: nobody asked for this pass */
    void *asked_user;
};

void retention_init(struct retention *r, struct server *s);
void retention_begin(struct retention *r);  /* once, when the server serves */
void retention_ended(struct retention *r);  /* a task has ended */
void retention_noticed(struct retention *r); /* a notification was made */
void retention_rules_changed(struct retention *r); /* by a reload */
void retention_wish(struct retention *r);   /* there is a task with a wish of its own */
/* A whole pass now. ERR_CONFLICT: one is under way. on_asked once, later; err ERR_STORE when it could not be finished. */
int retention_ask(struct retention *r, bool dry, void (*on_asked)(void *user, int err, const struct retention_counts *counts),
                  void *user);
void retention_stop(struct retention *r);   /* no further step; who asked is told ERR_DRAINING */
bool retention_is_idle(const struct retention *r); /* no store request on its way */
void retention_release(struct retention *r);
/* When the record goes by age, for purge_at: wall; 0: never, or not known yet. */
int64_t retention_purge_ms(const struct server *s, const struct task *t);

#endif
