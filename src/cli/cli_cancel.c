/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide cancel ID...`: asks for the end of tasks. One that had not started is cancelled at once, a running one is being
 * stopped, an ended one stays as it is.
 */
#include "cli/cli_client.h"

int cli_cancel(int argc, char **argv) { return cli_client_each(argc, argv, bide_client_cancel); }
