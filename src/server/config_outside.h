/* SPDX-License-Identifier: Apache-2.0
 *
 * Values said outside the file, by the path of their key. A flag names its key itself. The variable of a key is BIDE_
 * and its path in capitals, every other character than A-Z 0-9 an underscore: `defaults.retry.base` is
 * BIDE_DEFAULTS_RETRY_BASE, `queues.gpu.concurrency` is BIDE_QUEUES_GPU_CONCURRENCY. Empty variables say nothing.
 */
#ifndef SERVER_CONFIG_OUTSIDE_H
#define SERVER_CONFIG_OUTSIDE_H

#include "server/config.h"

/* What is said of this key: the text, and by whom; NULL: nothing. Borrowed from `outside`. */
const char *config_outside_find(struct config *c, const struct config_outside *outside, struct str path,
                                struct config_origin *ret_origin);
/* Fills c->warnings: variables that are near to a key's, or begin like those of a section, and are none. */
void config_outside_warn(struct config *c, const struct config_outside *outside);

#endif
