/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop: the one thread that decides, around one libuv loop. It drives a struct turn (timers and put-off calls):
 * before it sleeps it runs the turn and arms one uv timer for the turn's next due time, so an idle server never
 * wakes up. <uv.h> is included in this folder only; what needs the uv_loop_t is in loop/uv_inside.h.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "base/err.h"
#include "base/turn.h"

#define LOOP_READ_BUFFER (64 * 1024) /* the most that one read gives */

struct loop;

int loop_open(struct loop **ret_loop, struct turn *turn, struct err *e) MUST_USE; /* turn: borrowed until loop_close */
void loop_run(struct loop *l);   /* until loop_stop, or nothing is left that could happen */
void loop_stop(struct loop *l);  /* loop_run returns after this turn */
void loop_close(struct loop *l); /* after loop_run returned; runs until every closed handle is gone, frees */
struct turn *loop_turn(struct loop *l);

#endif
