/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to follow a task, as options of the verbs that submit one.
 */
#ifndef CLI_CLI_SEQUEL_H
#define CLI_CLI_SEQUEL_H

#include "base/buf.h"
#include "cli/cli_args.h"

#define CLI_SEQUEL_OPTIONS                                                                                             \
    {"--on-success", "TYPE|JSON",                                                                                      \
     "a task to follow when it completes: its type, or a submit as JSON, or a list; may be repeated"},                 \
    {                                                                                                                  \
        "--on-failure", "TYPE|JSON", "the same when it ends otherwise; [] is none, whatever the type says"             \
    }

struct cli_sequel {
    struct buf on_success, on_failure; /* JSON arrays; empty: not said */
};

/* Into the submit, which borrows from *ret until that is released, whatever came of it. false: what is given is none,
 * and that is said. */
bool cli_sequel_read(const struct cli_args *a, struct cli_sequel *ret, struct bide_submit *submit);
void cli_sequel_release(struct cli_sequel *q); /* accepts a zeroed one */

#endif
