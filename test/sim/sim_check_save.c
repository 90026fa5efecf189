/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints: said by a process, kept by the store, given to the next attempt.
 */
#include "test/sim/sim_check_inside.h"

static bool was_said(const struct check_task *t, int64_t save)
{
    for (int i = 0; i < SIM_CHECK_SAIDS && i < t->n_saids; i++)
        if (t->saids[i] == save) return true;
    return false;
}

void sim_check_new_run(struct check_task *t)
{
    t->n_saids = 0;
    t->kept = t->given = t->said = 0;
    t->kept_unsure = false;
}

void sim_check_said(const struct look *k)
{
    k->t->saids[k->t->n_saids++ % SIM_CHECK_SAIDS] = k->f->save;
    k->t->said = k->f->save;
}

static void keep(const struct look *k)
{
    struct check_task *t = k->t;
    if (!was_said(t, k->f->save)) sim_check_breaks(k, "a checkpoint is kept that nobody of its run has saved");
    if (k->f->save < t->kept) sim_check_breaks(k, "an older checkpoint is kept over a newer one");
    t->kept = k->f->save;
    t->kept_unsure = false;
}

void sim_check_kept(const struct look *k)
{
    if (k->t->state != TASK_RUNNING || k->t->fence != k->f->fence)
        sim_check_breaks(k, "a checkpoint was taken that is not of the current attempt");
    keep(k);
}

void sim_check_resumes(const struct look *k)
{
    struct check_task *t = k->t;
    int64_t save = k->f->save;
    if (save && save != t->kept && !was_said(t, save)) sim_check_breaks(k, "goes on from a checkpoint that nobody of its run has saved");
    if (save < t->kept || (save != t->kept && !t->kept_unsure))
        sim_check_breaks(k, "does not go on from the checkpoint that was kept");
    t->kept = t->given = save;
    t->said = 0;
    t->kept_unsure = false;
    k->c->resumed += save != 0;
}

void sim_check_goes_on(const struct look *k)
{
    if (k->f->save) keep(k);
    if (!state_is_ending(k->f->state) && k->t->said && k->t->kept != k->t->said)
        sim_check_breaks(k, "what an attempt has saved last was lost with it");
}
