/* SPDX-License-Identifier: Apache-2.0
 *
 * A task's log, or what it streams out, printed while it grows, until the task has ended. For `log -f`, `output -f` and
 * `submit --follow`.
 */
#ifndef CLI_CLI_FOLLOW_H
#define CLI_CLI_FOLLOW_H

#include "bide.h"

struct cli_follow {
    const char *id;
    bool output;  /* what it streams out; else its log */
    int64_t from; /* of a log: after so many bytes; of an output: at this piece */
    bool json;    /* each piece as an object on a line */
};

/* Prints to standard output, and on standard error what else is to be said. Returns the exit code: how the task ended. */
int cli_follow_print(struct bide_client *client, const struct cli_follow *what);
/* From here on Ctrl-C ends the program with CLI_INTERRUPTED, whatever it waits for, and says nothing. */
void cli_follow_quits_quietly(void);

#endif
