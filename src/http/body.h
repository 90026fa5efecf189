/* SPDX-License-Identifier: Apache-2.0
 *
 * A request's body while it arrives, whichever way its end is told.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "base/buf.h"
#include "http/chunk.h"
#include "http/framing.h"

struct body {
    struct buf data; /* owned; what has arrived */
    struct chunk chunk;
    uint64_t left; /* without chunks: bytes still to come */
    bool chunked;
};

enum { BODY_MORE, BODY_PIECE, BODY_END };

/* A zeroed body, or one used before (its memory is used again). `whole`: for body_take, else for body_piece. */
void body_start(struct body *b, const struct framing *f, bool whole);
/* Takes bytes off the front of *in. BODY_PIECE: *ret_piece is the next run of the body (never empty), borrowed from them;
 * BODY_END: that was all; BODY_MORE: more must come; ERR_*: refused. */
int body_piece(struct body *b, struct str *in, struct str *ret_piece, struct err *e) MUST_USE;
bool body_is_read(const struct body *b); /* to its end */
/* The same, gathered in `data`. 1: the body is whole; 0: more must come; ERR_*: refused. */
int body_take(struct body *b, struct str *in, struct err *e) MUST_USE;
void body_clear(struct body *b); /* empties; gives memory over 16 KiB back */
void body_release(struct body *b);

#endif
