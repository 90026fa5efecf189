/* SPDX-License-Identifier: Apache-2.0
 *
 * What a keeper's child does to itself before it becomes the program, so that the program and all its descendants can
 * do less than bide can. The keeper itself stays as it is: it has to end what it started.
 *
 * Orders are texts "WORD=VALUE", in any order:
 *   memory, files, processes, file_size   bytes or a number: soft and hard limit (RLIMIT_AS NOFILE NPROC FSIZE)
 *   cpu       seconds: SIGXCPU, 5 s later SIGKILL (RLIMIT_CPU)
 *   core      bytes, or "max": as large as the hard limit lets it be (RLIMIT_CORE)
 *   user      UID:GID[:GROUP,GROUP...]
 *   attempts  PATH of a directory that the user must be able to go into, and that it may write below
 *   read, write  PATH: nothing may be changed but below those of `write`; with any `read`, nothing may be read but
 *                below those and those of `write`
 *   privileges   "new": programs may give what they start more than they have themselves (setuid)
 */
#ifndef HANDLER_KEEPER_SANDBOX_H
#define HANDLER_KEEPER_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/* What could not be done, and the errno. */
struct keeper_failed {
    const char *what; /* word of the report; NULL: nothing failed */
    int sys;
    const char *detail; /* of the report: a path; NULL: none */
};

/* Texts in the answer are constants, or parts of the orders. EPERM of a limit: it is above the hard one. EINVAL: an
 * order that is none. */
struct keeper_failed keeper_sandbox_enter(char *const *orders, size_t n);

struct keeper_limit { /* UINT64_MAX: none */
    uint64_t soft, hard;
};

/* A limit of this process, RLIMIT_*: sets it (NULL: leaves it) and tells what it was (NULL: does not). 0, or an errno. */
int keeper_sandbox_limit(int resource, const struct keeper_limit *set, struct keeper_limit *ret_was);

#endif
