/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempts that were claimed before their handler had room for them, because it will have it in a moment (handler.h:
 * ahead): between two short tasks a process waits for no commit. They belong to the post, not to one of its processes:
 * the next that is free takes the best of them, and with it as many of the same lane as make a batch: this is where batches
 * are formed, and a task that comes while one waits may still join it. One for which no room has come after AHEAD_MOST_MS is given back to its
 * queue, where others that were faster, or more urgent, may come first; so is, at once, one whose lane has no place left for it,
 * because batches have become smaller than was thought when it was claimed (lane.h).
 */
#ifndef SERVER_AHEAD_H
#define SERVER_AHEAD_H

#include "server/run.h"

#define AHEAD_MOST_MS 100

void ahead_wait(struct run *r);   /* claimed: waits, until ahead_go */
void ahead_leave(struct run *r);  /* waits no more */
void ahead_go(struct post *post); /* there may be room: starts what there is room for, the best first */
void ahead_give_back(struct roster *r); /* all of them: posts are about to change, or to end */

#endif
