/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the checker share.
 */
#ifndef SIM_SIM_CHECK_INSIDE_H
#define SIM_SIM_CHECK_INSIDE_H

#include "test/sim/sim_check.h"

struct look { /* at one fact */
    struct sim_check *c;
    const struct fact *f;
    struct check_task *t; /* of the fact; NULL: it is of none */
};

void sim_check_breaks(const struct look *k, const char *what); /* a promise about that task */
bool sim_check_same(const char *a, const char *b);             /* NULL is like nothing */
bool sim_check_same_queue(const struct check_task *a, const struct check_task *b);
bool sim_check_lives(const struct check_task *t);              /* is there and has not ended */
bool sim_check_works(const struct check_task *t);              /* some process does */
void sim_check_stops(const struct look *k);                    /* or its time to do so is not over */
void sim_check_take_state(const struct look *k);

void sim_check_claimed(const struct look *k);
void sim_check_began(const struct look *k);
void sim_check_left(const struct look *k);
void sim_check_settled(const struct look *k);
void sim_check_stale(const struct look *k);

void sim_check_crashed(struct sim_check *c);
void sim_check_seen(const struct look *k);
void sim_check_missing(const struct look *k);

#endif
