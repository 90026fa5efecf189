/* SPDX-License-Identifier: Apache-2.0
 *
 * Work that the other side of the handler `http` has taken, and what it takes to ask for it. An attempt of a type with
 * `poll` saves it as its checkpoint, and when that attempt was lost the next one of its run asks on instead of sending
 * again. A callback is not among it: its place dies with its attempt.
 */
#ifndef HANDLER_WEB_JOB_H
#define HANDLER_WEB_JOB_H

#include "base/arena.h"
#include "handler/web.h"

struct web_job {
    struct str id;   /* remote; empty: none */
    int32_t attempt; /* that sent it, by its number */
    uint64_t fence;  /* of that attempt */
};

bool web_job_is_id(struct str id);
bool web_job_needs_id(const struct web_conf *conf); /* it cannot be asked for without one */
void web_job_save(const struct web_job *j, const struct web_conf *conf,
                  struct attempt *a); /* for the next attempt of its run */
/* What an earlier attempt saved, its id in the arena. False: nothing, or nothing that the type as it is now could ask
 * for, as the log says then. */
bool web_job_take_over(struct web_job *ret, const struct web_conf *conf, struct attempt *a,
                       struct arena *arena) MUST_USE;

#endif
