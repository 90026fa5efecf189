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

void body_start(struct body *b,
                const struct framing *f); /* a zeroed body, or one used before (its memory is used again) */
/* Takes bytes off the front of *in. 1: the body is whole; 0: more must come; ERR_*: refused. */
int body_take(struct body *b, struct str *in, struct err *e) MUST_USE;
void body_clear(struct body *b); /* empties; gives memory over 16 KiB back */
void body_release(struct body *b);

#endif
