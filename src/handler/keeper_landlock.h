/* SPDX-License-Identifier: Apache-2.0
 *
 * Landlock (landlock(7)) as far as a keeper needs it: a list of what may be read and of what may be changed below which
 * paths, for a process and everything it starts, from which nothing can be taken back. By system calls of its own, with
 * constants of its own: neither the C library nor the headers that a keeper is built with have to know it.
 *
 * It is a list of permissions: what is allowed below a path cannot be forbidden deeper down.
 */
#ifndef HANDLER_KEEPER_LANDLOCK_H
#define HANDLER_KEEPER_LANDLOCK_H

#include <stdbool.h>

/* The first version that holds back truncate(2): with an older one files outside could be emptied. Linux 6.2. */
#define KEEPER_LANDLOCK_NEEDED 3

enum keeper_landlock_right {
    KEEPER_MAY_READ,  /* read, list, execute */
    KEEPER_MAY_WRITE, /* all that, and change, make, move and remove */
    KEEPER_MAY_USE    /* of one file: read and write */
};

/* What this kernel has; 0: none, or switched off. */
int keeper_landlock_version(void);
/* A list on which nothing is yet: everything is forbidden to change and, with `reads`, to read. A descriptor
 * (close-on-exec), or -1 and errno: ENOSYS when the version is too old, too. */
int keeper_landlock_open(bool reads);
/* Puts the path, with all below it, on the list that was opened with the same `reads`. 0, or an errno. */
int keeper_landlock_allow(int list, bool reads, const char *path, enum keeper_landlock_right right);
/* From here on the list holds, for this process and its descendants; needs no_new_privs. Closes it. 0, or an errno. */
int keeper_landlock_hold(int list);

#endif
