/* SPDX-License-Identifier: Apache-2.0
 *
 * One that is answered takes the way of any other, and ends on it: added, then completed as if the work had been done
 * elsewhere, in one commit. What follows from the ending of a task follows from this one.
 */
#include "store/apply_cache.h"

#include "store/apply_ops.h"
#include "store/apply_share.h"

#include <assert.h>

int apply_cache_ask(struct apply *a, struct store_add_item *it, struct arena *arena, struct str *ret_result, int64_t now_ms)
{
    const struct task_cache *c = &it->body->cache;
    if (c->bypass) return 0;
    int err = a->shelf->ops->kept(a->shelf, c->print, now_ms, arena, &it->cached_from, ret_result);
    it->cached = err == 0;
    it->result_bytes = it->cached ? ret_result->len : 0;
    return err == ERR_NOT_FOUND ? 0 : err;
}

int apply_cache_answer(struct apply *a, const struct id *id, uint32_t lane, const struct id *from, struct str result, int64_t now_ms,
                       struct life *ret)
{
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_COMPLETE, .now_ms = now_ms};
    struct life_outcome out;
    *ret = ready_get(a->ready, id)->life;
    int err = life_step(ret, &none, &in, &out);
    assert(err == 0 && out.ended);
    struct task_ending ending = {.life = *ret, .finished_at_ms = now_ms, .result = result, .cached = true, .cached_from = *from};
    return apply_ops_end(a, id, lane, &ending);
}

int apply_cache_end(struct apply *a, const struct id *id, const struct task_ending *ending, bool wakes)
{
    const struct life *l = &ending->life;
    bool keeps = l->state == TASK_COMPLETED && ending->files.len == 0 && !ending->cached;
    uint8_t print[TASK_PRINT];
    int err = a->shelf->ops->print(a->shelf, id, print);
    if (!err && keeps) err = a->shelf->ops->keep(a->shelf, id, l->run, ending->finished_at_ms);
    if (!err) err = a->shelf->ops->unwant(a->shelf, id);
    return err || !wakes ? err : apply_share_wake(a, print);
}
