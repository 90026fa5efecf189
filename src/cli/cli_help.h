/* SPDX-License-Identifier: Apache-2.0
 *
 * Help from the table of verbs.
 */
#ifndef CLI_CLI_HELP_H
#define CLI_CLI_HELP_H

#include "cli/cli.h"
#include <stdio.h>

struct cli_help_exit {
    int code;
    const char *text; /* NULL ends the table */
};
extern const struct cli_help_exit cli_help_exits[]; /* what they mean, for a person */

void cli_help_all(FILE *to);
void cli_help_verb(FILE *to, const struct cli_verb *verb);
void cli_help_usage(FILE *to, const struct cli_verb *verb); /* the one line */

#endif
