/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for tasks to end, with bars when there is a terminal, and telling how they ended. For `wait` and `submit
 * --wait`.
 */
#ifndef CLI_CLI_WAIT_H
#define CLI_CLI_WAIT_H

#include "bide.h"

/* Waits for `n` tasks at most `timeout_ms` (negative: no limit), then prints results (`json`: the tasks' JSON instead).
 * Returns the exit code: of the first that did not complete, 124 when the wait ran out. */
int cli_wait_for(struct bide_client *client, const char *const *ids, int n, int64_t timeout_ms, bool json);

#endif
