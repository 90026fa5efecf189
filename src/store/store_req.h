/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of every request to a store: see store.h.
 */
#ifndef STORE_STORE_REQ_H
#define STORE_STORE_REQ_H

#include "base/arena.h"
#include "base/list.h"

enum store_op {
    STORE_ADD,
    STORE_CLAIM,
    STORE_SETTLE,
    STORE_SAVE,
    STORE_CONTROL,
    STORE_TICK,
    STORE_PURGE,
    STORE_FILE_ADD,
    STORE_FILE_DROP,
    STORE_FILE_SWEEP,
    STORE_NOTICE_READ,
    STORE_NOTICE_DROP,
    STORE_NOTICE_SWEEP,
    STORE_QUEUE,
    STORE_DECLARE,
    STORE_GET,
    STORE_LIST,
    STORE_LOG,
    STORE_HISTORY,
    STORE_KEPT,
    STORE_OWED,
    STORE_FILE_GET,
    STORE_FILE_LIST,
    STORE_NOTICE_GET,
    STORE_NOTICE_LIST,
    STORE_WHERE,
    STORE_COUNTS,
    STORE_OPS
};

/* First member of every request below. The owner sets on_done and user; the rest is the store's. */
struct store_req {
    enum store_op op;
    void (*on_done)(struct store_req *r);
    void *user;
    int err;            /* 0, ERR_STORE, ERR_FULL: the whole request */
    const char *why;    /* with err: the engine's own word for it, static; NULL: none */
    int64_t now_ms;     /* set by store_submit from the store's clock unless the owner did */
    int64_t since_ms;   /* mono, when submitted */
    struct arena arena; /* results; zeroed by the owner, released by store_release */
    struct list link;   /* linked in the engine's queue */
    void *inside;       /* a decorator's */
    void (*outer)(struct store_req *r); /* a decorator's: the owner's on_done kept aside */
};

#endif
