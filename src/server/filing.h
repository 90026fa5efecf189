/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeps the rows of uploaded files (the store) and their bytes (blob/) together, and both from growing for ever. At the start it
 * ends what an earlier server had under way; then it makes passes over the files, when one may be due.
 *
 *   starting (chore: what is pending) ──each: is its row there?──▶ asking ⟲ ──settled or dropped (chore)──▶ resting
 *   resting ──time, a file dropped, tasks gone or ended──▶ sweeping (store) ──▶ removing (chore: bytes) ──▶ sweeping ..
 *
 * Until `known` nobody uploads: what there is altogether is asked of the first sweep. The server begins to serve then, or when the
 * first try has failed.
 */
#ifndef SERVER_FILING_H
#define SERVER_FILING_H

#include "base/chore.h"
#include "blob/blob.h"
#include "store/store.h"

#define FILING_PAGE 100       /* files of one sweep */
#define FILING_EVERY_MS 60000 /* between two passes that wait for nothing but time, and after trouble; less when files are kept for a short time */

struct server;

struct filing {
    struct server *server; /* borrowed */
    struct blob_dir dir;
    struct blob *blob;     /* where the bytes are */
    enum { FILING_RESTING, FILING_STARTING, FILING_ASKING, FILING_ENDING, FILING_SWEEPING, FILING_REMOVING } state;
    bool stopped, known;
    bool tried;            /* it is known, or could not be found out: the server need not wait for it any more */
    bool again;            /* another pass is wanted when this one is over */
    bool by_task;          /* there are files that go with the end of a task */
    int64_t arriving;      /* bytes of uploads under way */
    struct store_file_total total;
    bool left;             /* something of this pass could not be removed */
    int64_t began_ms;      /* mono: this pass */
    int64_t pace_ms;       /* to the next one at least: many files make a pass long, and it is to be a small part of the time */
    int64_t next_due_ms;   /* wall, of this pass */
    struct timer timer;
    struct wall_watch wall;
    struct chore chore;
    struct id ids[FILING_PAGE]; /* pending ones; then those whose bytes go */
    size_t n, at;
    bool wanted;           /* of ids[at]: its row is there */
    int sys;               /* what went wrong in a chore, as errno */
    struct store_file_get get;
    struct store_file_sweep sweep;
};

void filing_init(struct filing *f, struct server *s);
void filing_begin(struct filing *f);  /* once, when there is a store */
void filing_stop(struct filing *f);
bool filing_is_idle(const struct filing *f);
void filing_look(struct filing *f);   /* something may have become due by what happened to a file or to records */
void filing_ended(struct filing *f);  /* a task has ended */
void filing_rules_changed(struct filing *f); /* by a reload */
/* For an upload: may it take `more` bytes, of a file that has `size`? Counted until filing_arrived. ERR_TOO_BIG, ERR_FULL, ERR_AGAIN. */
int filing_take(struct filing *f, int64_t size, int64_t more, struct err *e) MUST_USE;
void filing_arrived(struct filing *f, int64_t bytes, const struct store_file_total *total); /* total NULL: it was given up */

#endif
