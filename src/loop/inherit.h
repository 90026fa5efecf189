/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets that the service manager opened for us (the protocol of sd_listen_fds(3), without its library): LISTEN_FDS
 * descriptors from 3 on, meant for the process LISTEN_PID, with the names of LISTEN_FDNAMES.
 */
#ifndef LOOP_INHERIT_H
#define LOOP_INHERIT_H

#include "base/err.h"
#include <stddef.h>

#define INHERIT_FIRST 3 /* the first descriptor */
#define INHERIT_NAME 64 /* a name and a NUL; longer ones are cut */

struct inherit_socket {
    int fd; /* close-on-exec from now on */
    char name[INHERIT_NAME];
};

/* Takes the variables out of the environment, so that no child of ours takes descriptors for its own that it does not
 * have: call it before there are threads or children. None, also when they are meant for another process: *ret_n is 0.
 * ERR_INVALID: the variables make no sense, or there are more than `max`. */
int inherit_take(struct inherit_socket *sockets, size_t max, size_t *ret_n, struct err *e) MUST_USE;

#endif
