/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a server's configuration comes from: the file (--config, else ./bide.yaml if there is one), the variables and
 * the flags. Kept for as long as the server runs, so that a reload reads the same again.
 */
#ifndef CLI_CLI_SOURCE_H
#define CLI_CLI_SOURCE_H

#include "base/buf.h"
#include "cli/cli_args.h"
#include "server/config.h"

#define CLI_SOURCE_FILE "bide.yaml" /* in the working directory */

struct cli_source {
    const char *path; /* borrowed from argv; NULL: no file */
    struct buf listen;
    struct config_flag flags[2];
    struct config_outside outside;
};

/* Reads --config --listen --store; said and CLI_USAGE when they are too many. */
int cli_source_init(struct cli_source *s, const struct cli_args *a);
void cli_source_release(struct cli_source *s);
/* 0, or the exit code with every problem on standard error. Warnings go there too. */
int cli_source_load(const struct cli_source *s, struct config *c);

#endif
