/* SPDX-License-Identifier: Apache-2.0
 *
 * One binary: the command line, and the keeper that it runs as beneath itself.
 */
#include "cli/cli.h"
#include "handler/keeper.h"

#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return cli_main(argc, argv);
}
