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
bool sim_check_comes_before(const struct check_task *a, const struct check_task *b);
bool sim_check_is_held(const struct sim_check *c, const struct check_task *t); /* others of its key take its places */
bool sim_check_is_fair(const struct sim_check *c, const struct check_task *t);
bool sim_check_same_lane(const struct check_task *a, const struct check_task *b);
void sim_check_turn_comes(const struct look *k);               /* one that is accepted */
void sim_check_turn_taken(const struct look *k);               /* one that is claimed */
void sim_check_within_key(const struct look *k);               /* one that is claimed */
void sim_check_starts(const struct look *k);                   /* within the rate of its queue */
void sim_check_moved(const struct look *k);                    /* a task of that queue has an attempt, or had one */
void sim_check_restarted(struct sim_check *c, int64_t at_ms);
bool sim_check_token_is_due(const struct sim_check *c, const struct fact *idle);
void sim_check_free_starts(struct sim_check *c);
void sim_check_key_starts(const struct look *k);               /* one that is claimed: within the rate of its key */
bool sim_check_has_key_rate(const struct sim_check *c, const struct check_task *t);
bool sim_check_has_key_token(const struct sim_check *c, const struct check_task *t, int64_t at_ms); /* for sure, or needs none */
void sim_check_keys_restarted(struct sim_check *c, int64_t at_ms);
void sim_check_once_taken(const struct look *k);               /* one that is accepted, or begins another run */
void sim_check_once_claimed(const struct look *k);
void sim_check_once_ended(const struct look *k);
void sim_check_replaced(const struct look *k);
void sim_check_answered(const struct look *k);                 /* one that is accepted, with the result of another */
void sim_check_follows(const struct look *k);                  /* one that is accepted, and is to wait for the result of another */
void sim_check_followed(const struct look *k);
void sim_check_leads(const struct look *k);
void sim_check_hears(struct sim_check *c);                     /* somebody listens from here on */
void sim_check_to_hear(const struct look *k);                  /* it has ended */
void sim_check_heard(const struct look *k);
void sim_check_cut(struct sim_check *c);
void sim_check_deaf(struct sim_check *c);                      /* the server is gone, and who listened with it */
void sim_check_take_state(const struct look *k);
int64_t sim_check_first_step(const struct check_task *t);      /* 0: it is no chain */
void sim_check_step_claimed(const struct look *k);
void sim_check_step_settled(const struct look *k);             /* a verdict that was taken, before its state is */
void sim_check_step_seen(const struct look *k);                /* after a crash */

void sim_check_claimed(const struct look *k);
void sim_check_began(const struct look *k);
void sim_check_left(const struct look *k);
void sim_check_settled(const struct look *k);
void sim_check_stale(const struct look *k);

void sim_check_said(const struct look *k);
void sim_check_kept(const struct look *k);
void sim_check_resumes(const struct look *k); /* of a claim */
void sim_check_goes_on(const struct look *k); /* of a settle */
void sim_check_new_run(struct check_task *t);

void sim_check_crashed(struct sim_check *c);
void sim_check_seen(const struct look *k);
void sim_check_missing(const struct look *k);

#endif
