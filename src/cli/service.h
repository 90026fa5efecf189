/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole server in one process: loop, store, keepers, server, API, HTTP, and the order in which they come and go.
 *
 *   opening ──▶ serving ──signal──▶ draining (submits are refused, reads answered, running tasks finish)
 *                  │                    │ drained; after 30 s what still runs is given back
 *                  │                    ▼
 *                  │                 answering: no new connections, who waits is told how things stand (5 s at most)
 *                  │                    ▼
 *                  │                 closing: HTTP, store, keepers ──▶ over
 *                  └── second signal, or 45 s: keepers are told to kill, the process ends; the store makes that safe
 *
 * The service manager, where there is one, hears of each of these (loop/notify.h), and may have opened the sockets
 * (loop/inherit.h): then they are used in place of `listen`.
 */
#ifndef CLI_SERVICE_H
#define CLI_SERVICE_H

#include "api/api.h"
#include "cli/service_reload.h"
#include "loop/inherit.h"
#include "loop/notify.h"
#include "loop/pool.h"
#include "loop/signal.h"
#include "server/config.h"

#define SERVICE_LISTENERS 16
#define SERVICE_END_MS (SERVER_DRAIN_MS + 15000) /* from the first signal to a stop without waiting */
#define SERVICE_ANSWER_MS 5000                   /* for the last answers to be read by their clients */
#define SERVICE_LOOK_MS 10

struct service {
    const struct config *config; /* borrowed */
    struct service_reload reload;    /* its source is set by the caller between open and run */
    void (*on_serving)(struct service *s); /* once, when tasks are taken and run; may be NULL */
    struct turn turn;
    struct notify notify;
    struct inherit_socket inherited[SERVICE_LISTENERS];
    size_t n_inherited;
    struct loop *loop;
    struct pool pool;                /* for what takes long */
    char keepers_lock[4096];
    int64_t open_files; /* soft limit before it was raised; 0: it was not */
    struct spawner *spawner;
    struct fetcher *fetcher;
    struct store *store;
    struct command_key command_key;
    struct server server;
    struct api api;
    struct http *http;
    struct signal_watch *watches[3]; /* SIGTERM, SIGINT, SIGHUP */
    struct wall *wall;
    char bound[SERVICE_LISTENERS][128];
    size_t n_bound;
    int signals;                     /* seen so far */
    struct timer deadline;           /* of the whole end */
    struct timer look;               /* answering: is HTTP idle? */
    int64_t answer_until_ms;         /* mono */
};

/* Opens everything; on failure closes what was opened and says why. */
int service_open(struct service *s, const struct config *c, void (*tell)(struct service *s), struct err *e) MUST_USE;
void service_run(struct service *s); /* until drained and closed; releases everything */

#endif
