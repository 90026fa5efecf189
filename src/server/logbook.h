/* SPDX-License-Identifier: Apache-2.0
 *
 * What an attempt printed, bounded: the first half of LIMIT_LOG and the last half; what fell out in between is counted.
 */
#ifndef SERVER_LOGBOOK_H
#define SERVER_LOGBOOK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#define LOGBOOK_HALF (LIMIT_LOG / 2 - 128) /* the rest is for the line that says what was left out */

struct logbook {
    struct buf head, tail; /* the tail is cut to LOGBOOK_HALF when it is twice that */
    uint64_t left_out;     /* bytes dropped between the two, before the tail's own surplus */
};

void logbook_init(struct logbook *l);
void logbook_release(struct logbook *l);
void logbook_add(struct logbook *l, struct str bytes);
bool logbook_is_empty(const struct logbook *l);
/* By place: how many bytes came before. What was printed from there on, with a line for what was left out of it. */
uint64_t logbook_end(const struct logbook *l);
struct str logbook_since(const struct logbook *l, uint64_t place, struct arena *a);
struct str logbook_text_since(struct str text, uint64_t place, struct arena *a); /* the same of one that is over, of its logbook_text */
bool logbook_is_whole(const struct logbook *l); /* nothing is left out: each byte has its place */
bool logbook_text_is_whole(struct str text);
struct str logbook_text(const struct logbook *l, struct arena *a); /* at most LIMIT_LOG bytes, in the arena */

#endif
