/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is to be told of a task's ending, as options of the verbs that submit one.
 */
#ifndef CLI_CLI_TELL_H
#define CLI_CLI_TELL_H

#include "base/buf.h"
#include "cli/cli_args.h"

#define CLI_TELL_OPTIONS                                                                                               \
    {"--webhook", "URL|JSON", "a server to be told of the ending: its address, or {\"url\": ..., \"events\": [...]}"},  \
    {                                                                                                                  \
        "--notify", "TITLE|JSON",                                                                                      \
            "somebody is to read of the ending: a headline, or {\"title\": ..., \"message\": ..., \"on\": [...]}"      \
    }

/* Appends the members `webhook` and `notify`, as far as they were said, to an object of JSON that is open. */
void cli_tell_write(const struct cli_args *a, struct buf *members);

#endif
