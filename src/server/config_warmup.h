/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the warm-ups of the pools are tasks of theirs. For the files config_*.c only.
 */
#ifndef SERVER_CONFIG_WARMUP_H
#define SERVER_CONFIG_WARMUP_H

#include "server/config.h"

/* All pools and types have been read, and the types are in order. */
void config_warmup_check(struct config *c, struct config_errors *errors);

#endif
