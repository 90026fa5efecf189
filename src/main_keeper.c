/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper as a program of its own: what handler/keeper_image.c carries.
 */
#include "handler/keeper.h"

int main(int argc, char **argv)
{
    return keeper_main(argc, argv);
}
