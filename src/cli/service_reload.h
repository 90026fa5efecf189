/* SPDX-License-Identifier: Apache-2.0
 *
 * SIGHUP: the configuration is read again from where it came, whole. What is wrong with it, or cannot change while the
 * server runs, is logged as file:line:column and nothing changes; else the server takes all of it over.
 *
 *   idle ──hangup──▶ read ──right──▶ taking over ──▶ idle
 *    ▲                 │ wrong           │ hangup meanwhile: once more afterwards
 *    └─────────────────┘◀────────────────┘
 */
#ifndef CLI_SERVICE_RELOAD_H
#define CLI_SERVICE_RELOAD_H

#include "server/config.h"

struct cli_source;
struct service;

struct service_reload {
    const struct cli_source *source; /* borrowed; NULL: there is nothing to read again */
    struct config *now;              /* owned; NULL: still that of the start, which is kept as long as the service */
    struct config *next;             /* owned, while it is being taken over */
    bool again;                      /* told to reload while that went on */
};

void service_reload_hangup(struct service *s);
void service_reload_release(struct service *s); /* after the server */

#endif
