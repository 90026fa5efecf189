/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole server in one process: loop, store, keepers, server, API, HTTP, and the order in which they come and go.
 *
 *   opening ──▶ serving ──signal──▶ draining (submits are refused, reads answered, running tasks finish)
 *                  │                    │ drained, or 30 s
 *                  │                    ▼
 *                  │                 closing: HTTP, store, keepers ──▶ over
 *                  └── second signal: keepers are told to kill, the process ends; the store makes that safe
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "api/api.h"
#include "loop/signal.h"
#include "server/config.h"

#define SERVICE_LISTENERS 16

struct service {
    const struct config *config; /* borrowed */
    struct turn turn;
    struct loop *loop;
    struct spawner *spawner;
    struct store *store;
    struct server server;
    struct api api;
    struct http *http;
    struct signal_watch *watches[3]; /* SIGTERM, SIGINT, SIGHUP */
    char bound[SERVICE_LISTENERS][128];
    size_t n_bound;
    int signals;                     /* seen so far */
};

/* Opens everything; on failure closes what was opened and says why. */
int service_open(struct service *s, const struct config *c, struct err *e) MUST_USE;
void service_run(struct service *s); /* until drained and closed; releases everything */

#endif
