/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attempt streams out: numbered pieces of text, one after the other in the order in which they came, up to a bound.
 * One text holds them, in memory and in the store: of each piece the numbers missing before it, its length and its bytes.
 */
#ifndef TASK_PIECES_H
#define TASK_PIECES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#define PIECES_LAST INT64_C(0x1fffffffffffff) /* the largest number of a piece: any JSON reader has it exactly */

struct pieces {
    struct buf packed; /* at most LIMIT_OUTPUT */
    int64_t next;      /* the number that is expected */
    bool full;         /* one did not fit: none is taken any more, so that what is kept is the beginning */
};

enum pieces_told { PIECES_TAKEN, PIECES_REPEATED, PIECES_FULL /* the first that does not fit */, PIECES_LEFT_OUT /* one after that */ };

void pieces_init(struct pieces *p);
void pieces_release(struct pieces *p);
/* One that came before is not taken again; numbers may be left out. n < 0: the next one. 0 <= n <= PIECES_LAST. */
enum pieces_told pieces_add(struct pieces *p, int64_t n, struct str text);
/* How far somebody has read; zeroed: nothing. It stays good while more is added. */
struct pieces_place {
    size_t offset;  /* bytes of `packed` behind it */
    int64_t number; /* after the last one */
};
/* The pieces from *place on of which the number is at least `from`, joined, in the arena: until they are `most` bytes, whole ones
 * and at least one. *place is behind them then. */
struct str pieces_read(struct str packed, struct pieces_place *place, int64_t from, size_t most, struct arena *a);
/* The pieces from number `from` on, joined, in the arena. *ret_next: the number after the last one; 0 when there is none. */
struct str pieces_text(struct str packed, int64_t from, struct arena *a, int64_t *ret_next);

#endif
