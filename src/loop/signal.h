/* SPDX-License-Identifier: Apache-2.0
 *
 * Signals that reach the loop. A watch does not keep the loop running.
 */
#ifndef LOOP_SIGNAL_H
#define LOOP_SIGNAL_H

#include "base/err.h"
#include "loop/loop.h"

struct signal_watch;

/* `on_signal` is called from the loop, once or more for any number of equal signals since. */
int signal_open(struct signal_watch **ret_watch, struct loop *l, int signum, void (*on_signal)(void *owner, int signum),
                void *owner, struct err *e) MUST_USE;
void signal_close(struct signal_watch *w); /* no call after it; frees itself. NULL: nothing */

#endif
