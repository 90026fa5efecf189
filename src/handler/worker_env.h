/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment of one process of a pool: that of the pool, with {instance} in a value replaced by the number of its
 * place there, from 0, so that each has a device, a port or a cache of its own.
 */
#ifndef HANDLER_WORKER_ENV_H
#define HANDLER_WORKER_ENV_H

#include "base/arena.h"

#define WORKER_ENV_INSTANCE "{instance}"

/* NAME=VALUE, NULL at the end, all in the arena; NULL for NULL. */
const char *const *worker_env_of(const char *const *pool, int instance, struct arena *arena);

#endif
