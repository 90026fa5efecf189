/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody who listens to the endings of all tasks, as a client of /v1/events does, and writes down what he hears.
 */
#ifndef SIM_SIM_EAR_H
#define SIM_SIM_EAR_H

#include "server/server.h"
#include "test/sim/sim_client.h"
#include "test/sim/sim_history.h"

struct sim_ear {
    struct listener listener;
    struct server *server;       /* the rest is borrowed */
    struct sim_client *client;
    struct sim_history *history;
};

void sim_ear_listen(struct sim_ear *e); /* to its server, from now on */
void sim_ear_leave(struct sim_ear *e);

#endif
