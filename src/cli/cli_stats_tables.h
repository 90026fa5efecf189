/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of `bide stats` that are lists: a row for each queue, and one for each window of each type.
 */
#ifndef CLI_CLI_STATS_TABLES_H
#define CLI_CLI_STATS_TABLES_H

#include "base/json.h"

bool cli_stats_tables_has(const struct json_node *member, struct str key);
void cli_stats_tables_print(const struct json *j); /* to standard output; nothing where there are none */

#endif
