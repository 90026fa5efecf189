/* SPDX-License-Identifier: Apache-2.0
 *
 * The search is here and not the C library's, because the shell has to be told the path that was found.
 */
#include "handler/keeper_exec.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_PATH "/bin:/usr/bin" /* where to search when PATH is not set */

static void become(char *path, char **argv)
{
    static char shell[] = "/bin/sh";
    execve(path, argv, environ);
    if (errno != ENOEXEC) return;
    argv[-1] = shell;
    argv[0] = path;
    execve(shell, argv - 1, environ);
    errno = ENOEXEC;
}

int keeper_exec(char **argv)
{
    char *name = argv[0], path[PATH_MAX];
    size_t len = strlen(name);
    if (strchr(name, '/') || len == 0) {
        become(name, argv);
        return errno;
    }
    const char *at = getenv("PATH");
    int denied = 0;
    for (at = at ? at : NO_PATH; at; at = *at ? at + 1 : NULL) {
        size_t dir = strcspn(at, ":");
        if (dir + 1 + len < sizeof path) {
            memcpy(path, at, dir);
            if (dir) path[dir] = '/'; /* an empty one is where we are */
            memcpy(path + dir + (dir > 0), name, len + 1);
            become(path, argv);
            if (errno == EACCES) denied = EACCES; /* another directory may have one that we may run */
            else if (errno != ENOENT && errno != ENOTDIR) return errno;
        }
        at += dir;
    }
    return denied ? denied : ENOENT;
}
