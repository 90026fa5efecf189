/* SPDX-License-Identifier: Apache-2.0
 *
 * The chunked transfer coding (RFC 9112 section 7.1), read strictly, a byte at a time between the data.
 */
#ifndef HTTP_CHUNK_H
#define HTTP_CHUNK_H

#include "base/err.h"
#include "base/str.h"

enum chunk_state {
    CHUNK_SIZE,      /* hex digits */
    CHUNK_EXTENSION, /* after ';', dropped */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* at the start of a trailer line, or of the last CRLF */
    CHUNK_NAME,    /* inside the name of a trailer, dropped */
    CHUNK_FIELD,   /* behind its colon, dropped */
    CHUNK_FIELD_LF,
    CHUNK_END_LF,
    CHUNK_DONE,
};

struct chunk { /* zeroed at the start of a body */
    enum chunk_state state;
    uint32_t digits;  /* of the size under way */
    uint32_t dropped; /* bytes of extensions and trailers so far */
    uint64_t left;    /* of the chunk under way */
};

/* Takes bytes off the front of *in. 1: *ret_data is the next run of data (never empty), call again; 0: more must come,
 * or the body is over (state CHUNK_DONE); ERR_*: refused. */
int chunk_take(struct chunk *c, struct str *in, struct str *ret_data, struct err *e) MUST_USE;

#endif
