/* SPDX-License-Identifier: Apache-2.0
 *
 * A task of a chain is run step by step, each by the type that does it: an attempt is given the input of its step, made from
 * what was submitted and what was done before; when it is done, it is said which step comes next, or what the result is.
 *
 *   claimed at a step ──chain_begin: its input──▶ attempt ──done──▶ chain_done ──▶ next step, in its lane (store_settle)
 *                                                                      └─ none ──▶ the task's result
 */
#ifndef SERVER_CHAIN_H
#define SERVER_CHAIN_H

#include "store/store.h"

struct run;
struct server;

struct chain {
    struct str type, step;   /* of the task; under way */
    struct str input;        /* of the task */
    const struct task_step *done;
    size_t n_done;
};

/* It was submitted as one, or its type has become one since: it begins at the first step then. */
bool chain_is(const struct server *s, const struct task_body *b);
/* Of an attempt that was claimed, of which chain_is: its body becomes that of the step. `done`, with results, lives in its arena, as the body does.
 * ERR_INVALID, ERR_TOO_BIG: there is no such input. */
int chain_begin(struct run *r, const struct task_step *done, size_t n_done, struct err *e) MUST_USE;
/* Its verdict is DONE, in `it`: the result becomes the task's, or that of a step. ERR_*: it has none; `it` is as it was. */
int chain_done(struct run *r, struct store_settle_item *it, struct err *e) MUST_USE;

#endif
