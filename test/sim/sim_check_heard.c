/* SPDX-License-Identifier: Apache-2.0
 *
 * Who listens. What ended before, or while a server was gone, may be heard of, once; what ended since must be.
 */
#include "test/sim/sim_check_inside.h"

void sim_check_hears(struct sim_check *c) { c->listens = true; }

void sim_check_to_hear(const struct look *k)
{
    struct check_task *t = k->t;
    if (t->unheard) sim_check_breaks(k, "another ending of it before a listener heard of the one before");
    t->ended_run = t->run;
    t->ended_as = t->state;
    t->unheard = k->c->listens;
}

void sim_check_heard(const struct look *k)
{
    struct check_task *t = k->t;
    k->c->heard++;
    if (k->f->run != t->ended_run || k->f->state != t->ended_as) sim_check_breaks(k, "a listener heard of an ending that is not");
    else if (k->f->run == t->heard_run) sim_check_breaks(k, "a listener heard of one ending twice");
    t->heard_run = k->f->run;
    t->unheard = false;
}

void sim_check_cut(struct sim_check *c)
{
    c->cuts++;
    for (size_t i = 0; i < c->n; i++) c->tasks[i].unheard = false;
}

void sim_check_deaf(struct sim_check *c)
{
    c->listens = false;
    for (size_t i = 0; i < c->n; i++) {
        c->tasks[i].unheard = false;
        c->tasks[i].heard_run = 0;
    }
}
