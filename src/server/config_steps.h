/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains: what their rows are, and whether they make sense. A step may name what was done before it: itself it cannot.
 */
#ifndef SERVER_CONFIG_STEPS_H
#define SERVER_CONFIG_STEPS_H

#include "server/config_table.h"

extern const struct config_section config_steps_table;

/* After all was read. Fills in the names of steps. */
void config_steps_check(struct config *c, struct config_errors *errors);

#endif
