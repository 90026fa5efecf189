/* SPDX-License-Identifier: Apache-2.0
 *
 * Where callbacks come in: which attempt of the handler `http` waits for which token. A token is 128 random bits, made for one
 * attempt, and dies with it. One desk for all types (the API knows nothing of handlers); it holds nothing of its own.
 */
#ifndef HANDLER_WEB_DESK_H
#define HANDLER_WEB_DESK_H

#include "base/err.h"
#include "base/map.h"
#include "base/rng.h"

#define WEB_TOKEN 33 /* 32 hex digits and a NUL */

/* Whoever has called back, and is answered when what it said is in the store. The caller's; stays put until on_told. */
struct web_caller {
    void (*on_told)(struct web_caller *c, int err); /* once, later: 0, or ERR_STALE: the attempt was over without it, or the store's */
};

struct web_place { /* the waiting attempt's */
    char token[WEB_TOKEN];
    /* 0: it was no ending, and is noted. 1: it is the ending, on_told follows. ERR_INVALID with the reason: neither, it is to
     * call again; ERR_TOO_BIG. ERR_STALE: the ending is known already. */
    int (*on_call)(struct web_place *p, struct str body, struct web_caller *who, struct err *e);
};

struct web_desk {
    struct map places; /* token -> struct web_place */
};

void web_desk_init(struct web_desk *d);
void web_desk_release(struct web_desk *d);
void web_desk_put(struct web_desk *d, struct rng *rng, struct web_place *p); /* makes its token */
void web_desk_remove(struct web_desk *d, struct web_place *p);
/* As on_call; ERR_NOT_FOUND: nobody waits for this token, or not any more. */
int web_desk_call(struct web_desk *d, struct str token, struct str body, struct web_caller *who, struct err *e) MUST_USE;

#endif
