/* SPDX-License-Identifier: Apache-2.0
 *
 * A running server takes over another configuration, all of it or nothing.
 *
 *   none ──start──▶ waiting ──no claim on its way──▶ none (taken over; ERR_DRAINING when a drain came between)
 *
 * What runs finishes under the rules it was claimed with. Tasks of types and queues that went stay where they are and
 * say so; they go on when those come back.
 */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "base/turn.h"
#include "server/config.h"

struct server;

struct reload {
    const struct config *next; /* borrowed; NULL: none */
    struct later later;
    void (*on_done)(void *user, int err);
    void *user;
};

void reload_init(struct reload *r);
/* Can a server that runs with `old` take over `next`? What cannot change while it runs is told as an error of `next`. */
bool reload_check(const struct config *old, const struct config *next, struct config_errors *errors);
/* One at a time. on_done once, later: 0, and the configuration before is not used any more; or an error, and everything
 * is as it was. */
void reload_start(struct server *s, const struct config *next, void (*on_done)(void *user, int err), void *user);
void reload_step(struct server *s); /* for server.c: what a reload may wait for has changed */

#endif
