/* SPDX-License-Identifier: Apache-2.0
 *
 * A task shown to a person, and what its ending means for the exit code.
 */
#ifndef CLI_CLI_TASK_H
#define CLI_CLI_TASK_H

#include "bide.h"

/* `key: value` lines on standard output. */
void cli_task_print(const struct bide_task_view *v, const struct bide_text *json);
/* 0 completed, 1 failed, 2 cancelled, 3 expired. */
int cli_task_exit(const struct bide_task_view *v);
/* The error of a task that did not complete, with its detail, on standard error. Nothing for a completed one. */
void cli_task_print_error(const struct bide_task_view *v, const struct bide_text *json);
/* The result as an owned text: from the JSON, or asked for when it was too large to be in it. Empty when there is none.
 */
int cli_task_result(struct bide_client *client, const struct bide_task_view *v, const struct bide_text *json,
                    struct bide_text *ret_result, struct bide_error *error);

#endif
