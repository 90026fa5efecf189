/* SPDX-License-Identifier: Apache-2.0
 *
 * loop/thread.h, played: the work is done in the turn, all that was sent in one turn as one batch, and what is given back
 * arrives in the turn after. So an engine with threads lives the same life again from the same seed. A program that
 * refers to sim_threads is linked with these in place of the real ones.
 */
#ifndef SIM_SIM_THREAD_H
#define SIM_SIM_THREAD_H

#include "loop/thread.h"

int sim_threads(void); /* open now */

#endif
