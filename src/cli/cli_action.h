/* SPDX-License-Identifier: Apache-2.0
 *
 * Verbs that are a noun and then an action: `bide queue pause NAME`. An action is a row: what it is called, which route
 * it asks, what is said when that is done. Help, manual and completion read the same rows.
 */
#ifndef CLI_CLI_ACTION_H
#define CLI_CLI_ACTION_H

#include "base/buf.h"
#include "bide.h"
#include "cli/cli_args.h"

struct cli_action {
    const char *name;           /* NULL ends a table */
    const char *words;          /* what follows it: "NAME KEY=VALUE..."; "": nothing */
    const char *help;           /* half a line */
    const char *method, *path;  /* of the route; "{}" stands for the first word after the action */
    const char *done;           /* said of that word afterwards: "paused"; NULL: the answer is printed */
    const char *const *columns; /* of a list; NULL: all */
    bool sure;                  /* done only with --yes */
    int (*body)(const struct cli_args *a,
                struct buf *json); /* the request's; NULL: none. CLI_OK or an exit code, said */
    int (*print)(const struct bide_text *page, struct bide_error *error); /* a list; NULL: as a table of the columns */
};

extern const struct cli_action cli_queue_actions[], cli_worker_actions[], cli_file_actions[], cli_notification_actions[];
const struct cli_action *cli_action_of(const struct cli_verb *v); /* NULL: it has none */
/* Reads argv and does what it says. */
int cli_action_run(int argc, char **argv);
void cli_action_usage(struct buf *b, const struct cli_action *actions); /* "list | show NAME | ..." */

#endif
