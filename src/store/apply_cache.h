/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside apply only: results kept for others (store.h: STORE_ADD). Which one is kept is a row of the shelf, written in the
 * commit in which its task completes; a task that is to keep none never asks for it.
 *
 *     submitted ──▶ wanted ──completed──▶ kept, until its time is over or its result is gone
 *                        └──ended otherwise──▶ not wanted
 *     submitted, one is kept ──▶ completed
 *     submitted, one is in flight ──▶ follows: apply_share.h
 */
#ifndef STORE_APPLY_CACHE_H
#define STORE_APPLY_CACHE_H

#include "store/apply.h"

/* All of them: 0 or the shelf's error. */
/* Of an item that may be answered: it->cached and what belongs to it; the result in the arena. */
int apply_cache_ask(struct apply *a, struct store_add_item *it, struct arena *arena, struct str *ret_result, int64_t now_ms);
/* A live task of that lane ends with the result of another one. *ret: its life then. */
int apply_cache_answer(struct apply *a, const struct id *id, uint32_t lane, const struct id *from, struct str result, int64_t now_ms,
                       struct life *ret);
/* One whose result is to be kept has ended. `wakes`: others may have waited for that. */
int apply_cache_end(struct apply *a, const struct id *id, const struct task_ending *ending, bool wakes);

#endif
