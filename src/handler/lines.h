/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes in, lines out: the framing of bide/1. A line that arrives whole is not copied; one that arrives in pieces is
 * gathered, up to LIMIT_FRAME. What stands after the last line feed at the end of the stream is no line.
 */
#ifndef HANDLER_LINES_H
#define HANDLER_LINES_H

#include "base/buf.h"

struct lines {
    struct buf begun; /* a line whose end has not come, or the one given out last */
    bool given;       /* `begun` has been given out */
};

void lines_init(struct lines *l);
void lines_release(struct lines *l);
/* 1: *ret_line is the next line without its end, valid until the next call or as long as the bytes; what it took is
 * off *bytes. 0: all bytes were taken and no line ended. ERR_TOO_BIG: the line is over LIMIT_FRAME. */
int lines_next(struct lines *l, struct str *bytes, struct str *ret_line) MUST_USE;

#endif
