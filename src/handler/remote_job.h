/* SPDX-License-Identifier: Apache-2.0
 *
 * Work that another system has taken from an attempt of `http` or `exec`, and what it takes to ask for it. An attempt of a type
 * with `poll` saves it as its checkpoint, and when that attempt was lost the next one of its run asks on instead of sending
 * again. A callback is not among it: its place dies with its attempt.
 */
#ifndef HANDLER_REMOTE_JOB_H
#define HANDLER_REMOTE_JOB_H

#include "base/arena.h"
#include "handler/handler.h"

struct remote_job {
    struct str id;   /* remote; empty: none */
    int32_t attempt; /* that sent it, by its number */
    uint64_t fence;  /* of that attempt */
};

struct remote_side { /* as the type is configured now */
    const char *kind;           /* "http", "exec" */
    const char *key;            /* of what is in `address`: "url" */
    const char *const *address; /* NULL at the end: a URL, a command. With another one the job is not known there */
    bool polls;                 /* it can be asked at all */
    bool needs_id;              /* not without its id */
};

bool remote_job_is_id(struct str id);
void remote_job_save(const struct remote_job *j, const struct remote_side *side, struct attempt *a); /* for the next attempt of its run */
/* What an earlier attempt saved, its id in the arena. False: nothing, or nothing that the type as it is now could ask for, as the
 * log says then. */
bool remote_job_take_over(struct remote_job *ret, const struct remote_side *side, struct attempt *a, struct arena *arena) MUST_USE;
/* The attempt is over, and whatever comes after it is begun anew. */
void remote_job_forget(bool saved, struct attempt *a);

#endif
