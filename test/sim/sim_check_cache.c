/* SPDX-License-Identifier: Apache-2.0
 *
 * Results kept for others.
 */
#include "test/sim/sim_check_inside.h"

void sim_check_answered(const struct look *k)
{
    const struct check_task *t = k->t, *from = sim_check_task(k->c, k->f->from);
    const struct fact *asked = &t->submitted;
    k->c->cached++;
    if (k->f->state != TASK_COMPLETED || k->f->attempt) sim_check_breaks(k, "was answered and has not simply completed");
    if (!asked->cache || asked->bypass) sim_check_breaks(k, "was answered and had not asked for that");
    if (!from || !from->accepted || from->gone || from->state != TASK_COMPLETED || from->run != 1)
        sim_check_breaks(k, "was answered with the result of one that has none, or runs anew");
    else if (from->from || from->submitted.cache != asked->cache || !sim_check_same(from->submitted.type, asked->type))
        sim_check_breaks(k, "was answered with the result of another type or input");
}
