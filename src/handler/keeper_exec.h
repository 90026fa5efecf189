/* SPDX-License-Identifier: Apache-2.0
 *
 * What execvp() is by POSIX, the part that C libraries differ in included: a text without "#!" is for /bin/sh.
 */
#ifndef HANDLER_KEEPER_EXEC_H
#define HANDLER_KEEPER_EXEC_H

/* Becomes argv[0], searched in PATH without a slash, with our environment. Returns only when it could not: an errno.
 * argv[-1] is overwritten then. */
int keeper_exec(char **argv);

#endif
