/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program is confined to, as the configuration says it: another user, limits of what it takes, no more rights
 * than it has, and the paths that it may change or read. It holds for the program and all that it starts; the keeper
 * between bide and the program sees to it (keeper_sandbox.h) and is not confined itself.
 *
 * A program that cannot be confined as it should be is not started. Nothing of this is done by halves.
 */
#ifndef HANDLER_SANDBOX_H
#define HANDLER_SANDBOX_H

#include "base/arena.h"
#include "base/err.h"
#include <sys/types.h>

#define SANDBOX_GROUPS 64
#define SANDBOX_TEXT 128

/* Without a pointer and without a gap that is not zero: two of them are compared as bytes. */
struct sandbox_user {
    char text[SANDBOX_TEXT]; /* as it was said; empty: the server's user */
    char name[SANDBOX_TEXT]; /* empty: the id has none */
    char home[4 * SANDBOX_TEXT];
    uint32_t uid, gid;
    uint32_t groups[SANDBOX_GROUPS];
    uint32_t n_groups;
};

enum sandbox_core { SANDBOX_CORE_INHERITED, SANDBOX_CORE_NONE, SANDBOX_CORE_UNLIMITED };

struct sandbox_limits {        /* 0: that of the server */
    int64_t memory, file_size; /* bytes */
    int64_t files, processes;
    int64_t cpu_ms; /* whole seconds, rounded up */
    enum sandbox_core core;
};

struct sandbox_conf { /* zeroed: nothing, and programs may gain privileges */
    struct sandbox_user user;
    struct sandbox_limits limits;
    bool no_new_privileges;
    const char *const *writable, *const *read_only; /* absolute paths, NULL at the end; NULL: not said */
    const char *attempts; /* the directory that has those of the attempts; set by the server for those who have many */
};

/* Finds who NAME, NAME:GROUP, UID or UID:GID is. ERR_NOT_FOUND with the reason. May take as long as the system's user
 * database does. */
int sandbox_user_find(struct sandbox_user *ret, struct str text, struct err *e) MUST_USE;
/* Is the server's own user meant, and so nothing to be done? */
bool sandbox_user_is_ours(const struct sandbox_user *u);
bool sandbox_has_paths(const struct sandbox_conf *c); /* Landlock is needed */

/* Orders for the keeper. `dir`: of the attempt; NULL: c->attempts. Ends with NULL. */
const char *const *sandbox_orders(const struct sandbox_conf *c, const char *dir, struct arena *a);
/* The directory of an attempt, which bide has made, and these files in it (NULL at the end) that are there become those of
 * the user. ERR_IO. */
int sandbox_give_dir(const struct sandbox_conf *c, const char *dir, const char *const *files, struct err *e) MUST_USE;

/* What would keep a program of this from being started, or would hold less than it says, if this process started it:
 * texts in the arena, NULL at the end. */
const char *const *sandbox_doubts(const struct sandbox_conf *c, struct arena *a);

#endif
