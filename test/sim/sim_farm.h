/* SPDX-License-Identifier: Apache-2.0
 *
 * Lives in processes of their own, as many at a time as there are processors: one that dies is told apart by its seed, and
 * what a crashed server leaves behind is gone with it.
 */
#ifndef SIM_SIM_FARM_H
#define SIM_SIM_FARM_H

#include "test/sim/sim_result.h"

#include <stddef.h>

/* live() for each of the seeds first .. first + n - 1. Results in their order, to be freed by sim_farm_free. */
struct sim_result *sim_farm(uint64_t first, size_t n, void (*live)(uint64_t seed, struct sim_result *ret));
void sim_farm_free(struct sim_result *results, size_t n);

#endif
