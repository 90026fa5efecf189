/* SPDX-License-Identifier: Apache-2.0
 *
 * Between those who ask life_step and life_step.
 */
#include "test/sim/sim_cells.h"

bool sim_cells[TASK_STATES][LIFE_EVENTS];

/* Names of the linker's. */
int __real_life_step(struct life *life, const struct life_rules *rules, const struct life_input *in,
                     struct life_outcome *ret);
int __wrap_life_step(struct life *life, const struct life_rules *rules, const struct life_input *in,
                     struct life_outcome *ret);

int __wrap_life_step(struct life *life, const struct life_rules *rules, const struct life_input *in,
                     struct life_outcome *ret)
{
    sim_cells[life->state][in->event] = true;
    return __real_life_step(life, rules, in, ret);
}
