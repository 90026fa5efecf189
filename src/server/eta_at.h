/* SPDX-License-Identifier: Apache-2.0
 *
 * When a task will probably end: asked when somebody looks, never kept. It is the moment after which the ending is as
 * likely as before it, as far as can be told:
 *
 *   running    what is usually left of a run of its type that has taken so long, in a batch of that size
 *   in a line  until its queue and its handler have a place that nobody in front of it takes, then a usual run. In front
 *              are the batches that run and those that the tasks before it will make, each as long as its type takes
 *   scheduled  the same, not before its time
 *
 * and what comes on top when most attempts of its type have to be made again. Nothing (0) is said while no run of its
 * type has been measured, of a task that is held by its key, whose queue is paused or handler broken, and that is being
 * cancelled. Tasks that are yet to come with a higher priority are not foreseen.
 */
#ifndef SERVER_ETA_AT_H
#define SERVER_ETA_AT_H

#include "server/server.h"

int64_t eta_at_running(struct server *s, const struct task *t); /* wall ms; 0: not known */
/* The lanes that the store has to be asked about (store_where.lanes): their numbers, at most s->dispatch.n_lanes of them. */
size_t eta_at_lanes(const struct server *s, const struct task *t, uint32_t *ret_lanes);
/* `w` as the store answered it; its arena is used. wall ms; 0: not known */
int64_t eta_at_waiting(struct server *s, const struct task *t, struct store_where *w);

#endif
