/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide retry ID...`: a new run of tasks that have ended.
 */
#include "cli/cli_client.h"

int cli_retry(int argc, char **argv) { return cli_client_each(argc, argv, bide_client_retry); }
