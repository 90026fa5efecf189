/* SPDX-License-Identifier: Apache-2.0
 *
 * What people ask of one worker: another process, or none until a task needs one. A wish is a fact like any other: it is
 * noted here, and the machine goes where it leads (worker.c). Asked again, it changes nothing more.
 *
 *   recycle  idle, busy, starting: ended after its task;      backoff, broken: tried again now, the failures forgotten
 *   stop     idle, busy, starting: ended, its task given back;  backoff, broken: there is nothing to stop
 *
 * Never from inside a callback of a child.
 */
#ifndef HANDLER_WORKER_WISH_H
#define HANDLER_WORKER_WISH_H

#include "handler/worker.h"

/* Both: ERR_CONFLICT with the reason when there is no process, and nothing was changed. */
int worker_wish_recycle(struct worker *w, struct err *e) MUST_USE;
int worker_wish_stop(struct worker *w, struct err *e) MUST_USE;

#endif
