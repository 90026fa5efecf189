/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns that line up, for lists. The first row is the heading.
 */
#ifndef CLI_CLI_TABLE_H
#define CLI_CLI_TABLE_H

#include "base/str.h"

struct cli_table {
    int columns;
    char **cells; /* owned texts, row by row */
    size_t n, cap;
};

void cli_table_init(struct cli_table *t, int columns);
void cli_table_release(struct cli_table *t);
void cli_table_add(struct cli_table *t, struct str cell); /* cleaned; the next cell, row by row */
void cli_table_print(const struct cli_table *t);          /* to standard output */

#endif
