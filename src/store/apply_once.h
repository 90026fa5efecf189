/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: the keys of tasks (store.h: STORE_ADD). Which task holds one is a row of the shelf, written and
 * removed in the commits in which tasks begin and end; a task without a key never asks for it.
 *
 *     waits, runs ──▶ holds ──ended──▶ let go
 *     runs, another replaces it ──▶ both hold: the other one blocked ──the first ended──▶ unblocked, in that commit
 */
#ifndef STORE_APPLY_ONCE_H
#define STORE_APPLY_ONCE_H

#include "store/apply.h"

struct apply_once {
    bool settled;      /* nothing is to be added: the item says why */
    bool waits;        /* what is added is blocked: an attempt of the holder, or of whom that waits for, is under way */
    bool replaces;     /* `holder` */
    struct id holder;
};

/* All of them: 0 or the shelf's error. */
int apply_once_ask(struct apply *a, struct store_add_item *it, struct apply_once *ret); /* of an item with a key */
int apply_once_take(struct apply *a, struct store_add_item *it, const struct apply_once *o, int64_t now_ms); /* it is added */
int64_t apply_once_room(const struct apply *a, const struct apply_once *o, uint32_t lane); /* in a queue, by who waits there and is replaced */
int apply_once_end(struct apply *a, const struct id *id, int64_t now_ms); /* one that was keyed has ended */
/* Of another run; *ret_refused: ERR_KEY_HELD. */
int apply_once_retake(struct apply *a, const struct task_body *body, struct life *life, int *ret_refused);

#endif
