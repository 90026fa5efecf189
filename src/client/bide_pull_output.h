/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker function streams out, on its way from a puller to the server: in numbered pieces, each the same until it is
 * heard. Private to libbide.
 *
 *   add* ──▶ held ──piece──▶ being told ──heard──▶ gone; the next piece has the next number
 *                                └── not heard: the same piece again, under its number
 */
#ifndef CLIENT_BIDE_PULL_OUTPUT_H
#define CLIENT_BIDE_PULL_OUTPUT_H

#include "base/buf.h"

#include <stdbool.h>

#define BIDE_PULL_OUTPUT_HELD 1000000 /* bytes that are kept for a server that is away; it takes 1 MiB at a time */

struct bide_pull_output {
    struct buf held;
    size_t telling; /* the first bytes of it: the piece; 0: none is being told */
    int64_t n;      /* the number of the next piece */
    bool cut;       /* what came last had no room: a number is left out where it is missing */
};

void bide_pull_output_init(struct bide_pull_output *o);
void bide_pull_output_release(struct bide_pull_output *o);
/* False: this is the first of what there is no room for, or no memory; nothing is taken until what is held has been told. */
bool bide_pull_output_add(struct bide_pull_output *o, struct str text);
void bide_pull_output_write(struct bide_pull_output *o, struct buf *body); /* the members of its piece; nothing is held: nothing */
void bide_pull_output_heard(struct bide_pull_output *o, int64_t n);        /* piece n is with the server, or not acceptable to it */

#endif
