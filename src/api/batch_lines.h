/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes in, lines out: the framing of NDJSON. A blank line is none, a line over LIMIT_BATCH_LINE is told once and its
 * rest skipped, and what stands after the last line feed is the last line.
 */
#ifndef API_BATCH_LINES_H
#define API_BATCH_LINES_H

#include "base/buf.h"

struct batch_lines {
    struct buf text; /* what has come, the lines given out included until batch_lines_drop */
    size_t at;       /* where the next line starts */
    size_t looked;   /* bytes of it that have no line feed */
    bool skipping;   /* it is the rest of one that was too long */
    bool over;       /* nothing more will come */
};

void batch_lines_init(struct batch_lines *l);
void batch_lines_release(struct batch_lines *l);
int batch_lines_add(struct batch_lines *l, struct str bytes) MUST_USE; /* lines given out before are gone; ERR_NOMEM */
void batch_lines_end(struct batch_lines *l);
/* 1: *ret_line is the next line without its end, good until the next add or drop; 0: none is whole; ERR_TOO_BIG: the
 * next one is too long. */
int batch_lines_next(struct batch_lines *l, struct str *ret_line) MUST_USE;
void batch_lines_drop(struct batch_lines *l);         /* forgets the lines given out; without others, the memory too */
size_t batch_lines_size(const struct batch_lines *l); /* its memory */

#endif
