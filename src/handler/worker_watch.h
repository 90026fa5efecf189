/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a process is still of use, asked when it has ended something: it has done its share (max_tasks), is old
 * (max_age) or large (max_rss), and is replaced when it has nothing open. And whether one that is busy is still there:
 *
 *   - pings, to one that said it answers them: none may be unanswered for longer than ping_timeout, or the process is hung
 *     and killed. Slow is not hung: whoever asks for pings answers them beside its work.
 *   - stalls: a task of which nothing is heard for stall_timeout (no progress, no log frame, no output) is stopped as if
 *     its timeout had come, though the process answers pings.
 *
 * Nothing is watched of an idle process: it costs no wake-up.
 */
#ifndef HANDLER_WORKER_WATCH_H
#define HANDLER_WORKER_WATCH_H

#include "handler/worker.h"

void worker_watch_begin(struct worker *w);  /* a process was started: what is its share? */
bool worker_watch_is_spent(struct worker *w); /* it should be replaced; the reason has been told */
void worker_watch_given(struct worker *w);  /* it was given something */
void worker_watch_pong(struct worker *w);
void worker_watch_end(struct worker *w);    /* the process is over */

#endif
