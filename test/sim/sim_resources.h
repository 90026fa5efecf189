/* SPDX-License-Identifier: Apache-2.0
 *
 * What processes that are not dead hold of the configured resources, counted by who is there and not by what the server
 * thinks. No start may bring the sum above the whole. None may pass over a pool that waits for a task of higher priority,
 * unless its own pool can have waited for so much longer: since its last start, as counted here. That nobody starves is seen
 * at the end, when everything has ended.
 */
#ifndef SIM_SIM_RESOURCES_H
#define SIM_SIM_RESOURCES_H

#include "test/sim/sim_watch.h"

void sim_resources_hold(void *watch, const struct sim_process *started);
bool sim_resources_gives_way(const struct server *s, const struct sim_process *p); /* somebody waits for what it holds */
int sim_resources_waiting(const struct server *s);                                 /* pools that wait for some */

#endif
