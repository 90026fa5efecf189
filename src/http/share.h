/* SPDX-License-Identifier: Apache-2.0
 *
 * Fair turns among connections. One that has asked for much at once, or sends faster than it is read, gets a share of a
 * turn; with what is left it rests, unread, until the next turn, after the sockets of all others. However many rest,
 * together they get a bounded piece of each turn, the one that waited longest first.
 *
 *   drive ─ SHARE_STEPS heads, or a full read ─▶ resting ─ next turn, while SHARE_TURN lasts ─▶ drive
 */
#ifndef HTTP_SHARE_H
#define HTTP_SHARE_H

#include "base/list.h"
#include "base/turn.h"

#include <stdbool.h>

#define SHARE_STEPS 16 /* requests of one connection that are begun at a time */
#define SHARE_TURN 128 /* the same of all that rested, in one turn */
#define SHARE_READ 4   /* what a read counts for, in requests */

struct conn;
struct http;

struct share {
    struct list resting; /* conns, the one that came first in front */
    struct later next;
};

void share_init(struct share *s);
void share_release(struct share *s);
void share_rest(struct conn *c); /* again: stays where it is in the line */
void share_leave(struct conn *c);
bool share_is_resting(const struct conn *c);

#endif
