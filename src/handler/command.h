/* SPDX-License-Identifier: Apache-2.0
 *
 * The input of the built-in type `command`: a command line, to be run as it is and never through a shell.
 *
 *   {"argv": ["convert", "a.png", "b.jpg"], "cwd": "/srv/pictures", "env": {"LANG": "C"}}
 */
#ifndef HANDLER_COMMAND_H
#define HANDLER_COMMAND_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define COMMAND_TYPE "command"

struct command {
    const char *const *argv; /* at least one; ends with NULL */
    const char *cwd;         /* absolute; NULL: not said */
    const char *const *env;  /* NAME=VALUE, ends with NULL; added to the server's */
};

/* Fills *ret, all of it in the arena. ERR_INVALID with the pointer below `/input` of what is wrong. */
int command_read(struct str input, struct arena *a, struct command *ret, struct err *e) MUST_USE;

#endif
