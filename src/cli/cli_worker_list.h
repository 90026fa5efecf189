/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of workers for people: a table that fits into 100 columns when names are short, and below it what went wrong
 * where. What a table has no room for is in the JSON (--json).
 */
#ifndef CLI_CLI_WORKER_LIST_H
#define CLI_CLI_WORKER_LIST_H

#include "bide.h"

/* Of the answer of GET /v1/workers, to standard output. -1 with the reason: it is no such list. */
int cli_worker_list_print(const struct bide_text *page, struct bide_error *error);

#endif
