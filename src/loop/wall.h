/* SPDX-License-Identifier: Apache-2.0
 *
 * Watches the wall clock for being set, by somebody or after a sleep of the machine, so that who waits for a moment of
 * it need not look every so often. The watch does not keep the loop running.
 */
#ifndef LOOP_WALL_H
#define LOOP_WALL_H

#include "base/err.h"
#include "loop/loop.h"

struct wall;

/* From here on the loop's turn is told (turn_wall_set). ERR_AGAIN: no descriptor. */
int wall_open(struct wall **ret, struct loop *l, struct err *e) MUST_USE;
void wall_close(struct wall *w); /* frees itself. NULL: nothing */

#endif
