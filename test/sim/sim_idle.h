/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that has nothing to do says so, for all that it could do.
 */
#ifndef SIM_SIM_IDLE_H
#define SIM_SIM_IDLE_H

#include "test/sim/sim.h"

/* How many facts that made: one for each type of a queue that is not paused, and each step of a chain. */
int64_t sim_idle(struct sim *s, const struct sim_process *p);

#endif
