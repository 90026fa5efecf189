/* SPDX-License-Identifier: Apache-2.0
 *
 * What the loop does with a task besides the public functions. Private to libbide.
 */
#ifndef CLIENT_BIDE_TASK_H
#define CLIENT_BIDE_TASK_H

#include "client/bide_batch.h"

/* The worker returned `ret` from its callback: gives the verdict that is still missing (cancelled, failed). 0, or -1
 * when the channel is broken. */
int bide_task_settle(struct bide_task *t, int ret);

#endif
