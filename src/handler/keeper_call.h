/* SPDX-License-Identifier: Apache-2.0
 *
 * How a keeper is called: the argv and environment of keeper.h for one child. Both point into the spec, the arena and
 * this process's environment, and are good until one of them changes.
 */
#ifndef HANDLER_KEEPER_CALL_H
#define HANDLER_KEEPER_CALL_H

#include "base/arena.h"
#include "handler/child.h"

const char *const *keeper_call_argv(struct arena *a, const struct child_spec *spec, const char *lock_path,
                                    int64_t open_files);
/* Our own environment and, marked for the program, what its has besides. */
const char *const *keeper_call_env(struct arena *a, const struct child_spec *spec);

#endif
