/* SPDX-License-Identifier: Apache-2.0
 *
 * A gate between two threads: readers pass through it, and one writer may shut it for a moment, waiting until nobody
 * is inside. Used to let a log be reset that a reader's snapshot would hold.
 */
#ifndef LOOP_GATE_H
#define LOOP_GATE_H

struct gate;

struct gate *gate_new(void);
void gate_free(struct gate *g);
void gate_enter(struct gate *g); /* waits while it is shut */
void gate_leave(struct gate *g);
void gate_shut(struct gate *g);  /* waits until nobody is inside */
void gate_open(struct gate *g);

#endif
