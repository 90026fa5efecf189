/* SPDX-License-Identifier: Apache-2.0
 *
 * A call whose body brings files. It is read in pieces, one in memory at a time and none asked for while it is worked on; who
 * owns the call takes the pieces apart and says which bytes are of a file. All files are kept in the end, or none.
 *
 *   READING ──a piece──▶ pump (of the owner): what of it is next ──▶ open, add, close (arrival.h) ──▶ pump .. incoming_read
 *      │ incoming_store        │ refused: incoming_drop    │ failed
 *      ▼                       ▼                           ▼
 *   STORING (rows) ──▶ SETTLING ──▶ on_kept             DROPPING ──▶ answered `why`
 */
#ifndef API_INCOMING_H
#define API_INCOMING_H

#include "api/arrival.h"
#include "api/call.h"
#include "http/multipart.h"

struct incoming;

struct incoming_kind {
    void (*pump)(struct incoming *in);             /* there is a new piece, or what was asked for is done */
    void (*on_closed)(struct incoming *in, const struct file *file); /* all of it is there and synced */
    void (*on_kept)(struct incoming *in, int err); /* the rows are there; err: the bytes lie where the next start ends it, `why` */
    void (*on_release)(struct incoming *in);       /* nothing more comes of it; NULL: nothing to do */
};

struct incoming {
    struct arrivals arrivals;
    struct call *call;
    const struct incoming_kind *kind;
    struct multipart parts; /* of a form; else zeroed */
    struct str rest;        /* of the piece: what was not taken yet */
    bool ended;             /* nothing more comes */
    size_t kept;            /* bytes that the owner keeps of the pieces, counted as memory of the request */
    struct err why;         /* dropping */
    /* its own */
    struct buf piece;
    size_t held;            /* as http_hold was told */
    int64_t counted;        /* of what filing counts as arriving */
    struct file *files;     /* of `add`, in the arena */
    struct store_file_add add;
};

/* `in` is in the request's arena. ERR_*: nothing has to be released; the owner answers. */
int incoming_init(struct incoming *in, struct call *c, const struct incoming_kind *kind, size_t max_files, struct err *e) MUST_USE;
void incoming_read(struct incoming *in);  /* all of the piece was taken: the next one, or its end */
/* A file begins; of the part of the form that is under way: name and type come from there. pump is called when it is open. */
void incoming_open(struct incoming *in, struct file *file);
int incoming_open_part(struct incoming *in, struct file *file) MUST_USE; /* ERR_*: `why` */
int incoming_add(struct incoming *in, struct str bytes) MUST_USE;        /* of the open file; ERR_*: `why` */
void incoming_close(struct incoming *in);
void incoming_store(struct incoming *in); /* all of them; none: on_kept */
void incoming_drop(struct incoming *in);  /* `why` is set */

#endif
