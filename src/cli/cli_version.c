/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide version`.
 */
#include "cli/cli_args.h"

#include <stdio.h>

int cli_version(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    if (cli_args_flag(&a, "--json")) printf("{\"version\":\"%s\",\"proto\":%d}\n", BIDE_VERSION, BIDE_PROTO);
    else printf("bide %s\n", BIDE_VERSION);
    cli_args_release(&a);
    return code;
}
