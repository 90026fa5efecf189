/* SPDX-License-Identifier: Apache-2.0
 *
 * Chores (base/chore.h) on libuv's pool of threads. A loop that is closed waits for those that are on their way.
 */
#ifndef LOOP_POOL_H
#define LOOP_POOL_H

#include "base/chore.h"
#include "loop/loop.h"

struct pool {
    struct chores chores;
    struct loop *loop; /* borrowed */
};

void pool_init(struct pool *p, struct loop *loop);

#endif
