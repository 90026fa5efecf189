/* SPDX-License-Identifier: Apache-2.0
 *
 * Random hours of a server from one seed: clients that submit, cancel, retry, change, delete and settle from outside,
 * verdicts from nowhere, pauses, recycled and stopped workers, crashes, hangs, timeouts, a store that is slow, fails or is
 * away, a disk whose syncs fail and whose power goes, retention, a system without processes, jumps of the wall clock,
 * other configurations; then quiet, and everything that was accepted has to have ended as promised.
 */
#ifndef SIM_SIM_RANDOM_H
#define SIM_SIM_RANDOM_H

#include "test/sim/sim_result.h"

/* In a process of its own. Tells the story on stderr when a promise was broken. */
void sim_random_live(uint64_t seed, struct sim_result *ret);

#endif
