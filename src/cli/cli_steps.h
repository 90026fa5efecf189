/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps of a chain, for people.
 */
#ifndef CLI_CLI_STEPS_H
#define CLI_CLI_STEPS_H

#include "bide.h"

/* A line for each of the task's `steps`, the first behind the word `steps:`; nothing for a task that has none. */
void cli_steps_print(const struct bide_text *task);

#endif
