/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may save is answered by task/life (the current fence); the shelf has one row a task.
 */
#include "store/apply_save.h"

#include "store/apply_ops.h"

static int save_one(struct apply *a, struct store_save_item *it)
{
    const struct ready_entry *e = ready_get(a->ready, &it->id);
    if (!e) {
        struct life gone;
        int err = a->shelf->ops->ended(a->shelf, &it->id, &gone);
        it->err = err == 0 ? ERR_STALE : err;
        return err == 0 || err == ERR_NOT_FOUND ? 0 : err;
    }
    uint32_t lane = e->lane;
    struct life life = e->life;
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_SAVE, .fence = it->fence};
    struct life_outcome out;
    it->err = life_step(&life, &none, &in, &out);
    if (it->err) return 0;
    int err = apply_ops_begin(a);
    if (!err) err = a->shelf->ops->save(a->shelf, &it->id, life.run, &it->save);
    if (!err && out.changed) ready_put(a->ready, &it->id, lane, &life);
    return err;
}

int apply_save(struct apply *a, struct store_save *r)
{
    for (size_t i = 0; i < r->n; i++) {
        int err = save_one(a, &r->items[i]);
        if (err) return err;
    }
    return 0;
}

int apply_save_resume(struct apply *a, struct store_claim_item *it, struct arena *arena)
{
    struct task_save save;
    it->resume = STR_NONE;
    it->resumed_from = 0;
    if (!it->life.saved) return 0;
    int err = a->shelf->ops->saved(a->shelf, &it->body.id, it->life.run, arena, &save);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    it->resume = save.data;
    it->resumed_from = save.data.len ? save.attempt : 0;
    return 0;
}

int apply_save_keep(struct apply *a, struct store_settle_item *it)
{
    if (!it->save.attempt) return 0;
    it->life.saved = true;
    return a->shelf->ops->save(a->shelf, &it->attempt.id, it->life.run, &it->save);
}

int apply_save_drop(struct apply *a, const struct id *id)
{
    return ready_get(a->ready, id)->life.saved ? a->shelf->ops->unsave(a->shelf, id) : 0;
}

int apply_save_recall(struct apply *a, const struct ready_entry *e, struct task_attempt *ret)
{
    struct task_save save;
    if (!e->life.saved) return 0;
    int err = a->shelf->ops->saved(a->shelf, &e->id, e->life.run, NULL, &save);
    if (err) return err == ERR_NOT_FOUND ? ERR_STORE : err;
    if (save.attempt == e->life.attempt) {
        ret->saved_at_ms = save.at_ms;
        ret->saved_bytes = save.bytes;
        ret->resumed_from = save.resumed_from;
    } else {
        ret->resumed_from = save.bytes ? save.attempt : 0;
    }
    return 0;
}
