/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a task does not run yet: asked when somebody looks, never kept.
 */
#ifndef SERVER_WAITING_ON_H
#define SERVER_WAITING_ON_H

#include "server/server.h"

#define WAITING_ON_DETAIL 256

/* The reason word (dependency time retry key queue_paused queue_limit rate key_rate worker_start worker_broken) and its detail, which may
 * be "". NULL when the task does not wait, or is about to run. */
const char *waiting_on_reason(struct server *s, const struct task *t, char detail[WAITING_ON_DETAIL]);

#endif
