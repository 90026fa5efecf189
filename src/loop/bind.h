/* SPDX-License-Identifier: Apache-2.0
 *
 * From an address as text, or a descriptor that was inherited, to a socket that listens. Plain system calls, no loop.
 */
#ifndef LOOP_BIND_H
#define LOOP_BIND_H

#include "base/err.h"
#include <stdbool.h>
#include <sys/stat.h>

struct bind_socket {
    int fd; /* non-blocking, close-on-exec, listening */
    bool is_unix;
    char bound[128];     /* the real address as text */
    struct stat created; /* of the UNIX socket's file, to know it again; zeroed: it is not ours */
};

int bind_open(struct bind_socket *ret_socket, const char *address, struct err *e) MUST_USE;
/* A descriptor that listens already; `name` is for the reason of a refusal. Takes fd when it succeeds. ERR_INVALID: it
 * is something else. */
int bind_take(struct bind_socket *ret_socket, int fd, const char *name, struct err *e) MUST_USE;
void bind_close(struct bind_socket *b);          /* closes; removes the UNIX socket's file when it is still ours */
const char *bind_unix_path(const char *address); /* what follows "unix:"; NULL for a TCP address */

#endif
