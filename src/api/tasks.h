/* SPDX-License-Identifier: Apache-2.0
 *
 * A submit, wherever it comes from: POST /v1/tasks, or a route of the configuration.
 */
#ifndef API_TASKS_H
#define API_TASKS_H

#include "api/api.h"

/* Answers the call. `fields`: an object as POST /v1/tasks takes it; `input`, when its p is not NULL, is the task's input
 * instead of one in it: checked JSON text. Both stay until the task is stored. wait_ms: as `Prefer: wait`. */
void tasks_submit(struct call *c, struct str fields, struct str input, int64_t wait_ms);

#endif
