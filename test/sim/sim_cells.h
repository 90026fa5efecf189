/* SPDX-License-Identifier: Apache-2.0
 *
 * Which cells of the table of task/life.c a life has visited. The test programs of this folder are linked with
 * --wrap=life_step, so that every call passes here.
 */
#ifndef SIM_SIM_CELLS_H
#define SIM_SIM_CELLS_H

#include "task/life.h"

extern bool sim_cells[TASK_STATES][LIFE_EVENTS];

#endif
