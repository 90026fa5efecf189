/* SPDX-License-Identifier: Apache-2.0
 *
 * A task's input as a command line names it: JSON itself, @FILE, or - for standard input.
 */
#ifndef CLI_CLI_INPUT_H
#define CLI_CLI_INPUT_H

#include "base/buf.h"
#include "cli/cli_args.h"

/* Fills `input` (which is released by the caller, also after a failure) from what --input says; nothing given: {}.
 * CLI_OK, or the exit code with everything said. */
int cli_input_read(const struct cli_args *a, struct buf *input);

#endif
