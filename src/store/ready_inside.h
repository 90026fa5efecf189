/* SPDX-License-Identifier: Apache-2.0
 *
 * Between ready.c, ready_lane.c, ready_key.c, ready_key_rate.c and ready_fair.c only.
 */
#ifndef STORE_READY_INSIDE_H
#define STORE_READY_INSIDE_H

#include "store/ready_key.h"

static inline uint32_t ready_key_at(const struct ready *r, uint32_t entry) { return r->keyed ? r->keyed[entry].key : READY_NONE; }
void ready_key_give(struct ready *r, uint32_t entry, uint32_t key); /* of a new entry; READY_NONE: none */

/* Out of everything that follows from its life, and back after it was changed; keys are to be settled then. */
void ready_take_out(struct ready *r, uint32_t entry);
void ready_put_back(struct ready *r, uint32_t entry);

bool ready_in_journal(const struct ready *r, uint32_t lane);
void ready_join_lane(struct ready *r, uint32_t entry);
void ready_leave_lane(struct ready *r, uint32_t entry);
void ready_touch(struct ready *r, uint32_t lane);
void ready_lane_release(struct ready *r);

void ready_key_init(struct ready *r);
void ready_key_release(struct ready *r);
void ready_key_link(struct ready *r, uint32_t entry);   /* its life and lane are set; it has a key */
void ready_key_unlink(struct ready *r, uint32_t entry);
bool ready_key_lets_run(const struct ready *r, uint32_t entry); /* pending, with a key: it is not held */
void ready_key_settle(struct ready *r, uint32_t key);   /* after one or several of them; READY_NONE: nothing */
void ready_key_sweep(struct ready *r);                  /* the journal is empty: keys without tasks go */

static inline bool ready_key_is_named(const struct ready_key *k) { return k->name.len > sizeof k->queue; } /* that of those without one has no limit */

/* Of key_rate: ready_key_rate.c. */
void ready_key_rate_init(struct ready *r);
void ready_key_rate_forget(struct ready *r, uint32_t key);   /* its bucket */
bool ready_key_rate_change(struct ready *r, uint32_t queue); /* true: it is another; its keys are to be settled */
uint32_t ready_key_rate_tokens(struct ready *r, uint32_t key); /* READY_NONE: no limit */
void ready_key_rate_settle(struct ready *r, uint32_t key);   /* `rated` is set: when to look again */
bool ready_key_rate_rests(struct ready *r, uint32_t key);    /* without tasks: it is kept until its bucket is full */
uint32_t ready_key_rate_rested(struct ready *r);             /* the next that is now; READY_NONE: none */
void ready_key_rate_undo(struct ready *r, uint32_t key);
void ready_note_token(struct ready *r, uint32_t key); /* into the journal: one is taken */

#endif
