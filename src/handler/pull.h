/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `pull`: its tasks are done by workers elsewhere that ask for them over HTTP (doc/protocol.md, "Pullers").
 * It starts nothing and owns no process: who waits for work is known to the desk (pull_desk.h), which all handlers of
 * this kind share, since one worker may ask for several types; what was given away is a lease (pull_held.h). Its room
 * is the places of those who wait.
 */
#ifndef HANDLER_PULL_H
#define HANDLER_PULL_H

#include "handler/handler.h"

struct pull_conf { /* borrowed for as long as the handler lives */
    const char *name;  /* the type */
    bool said;         /* the configuration has it */
    int64_t lease_ms;  /* a puller not heard of for so long is gone; default 30 s */
};

struct pull_desk;

struct pull {
    struct handler handler;
    const struct pull_conf *conf;
    struct pull_desk *desk;   /* borrowed */
    struct list link;         /* in desk->posts */
    struct list held;         /* of struct pull_held */
    bool draining;
    void (*on_drained)(void *user); /* NULL: not asked for, or called */
    void *drained_user;
    struct later drained;
};

int pull_new(struct handler **ret, struct turn *turn, struct pull_desk *desk, const struct pull_conf *conf);
void pull_one_over(struct pull *p); /* for pull_held.c: an attempt of it is over */

#endif
