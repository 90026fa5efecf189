/* SPDX-License-Identifier: Apache-2.0
 *
 * What a key's holder is doing says what a new one has to do: nothing of it runs, so it can end at once and leave its
 * place; or an attempt is under way, then it is asked to stop and the new one waits for it, so that never two attempts of
 * one key run.
 */
#include "store/apply_once.h"

#include "store/apply_ops.h"

#include <assert.h>

/* Who answers for the key: the one that is blocked until the other has ended, else the only one. NULL: nobody holds it. */
static int find_holder(struct apply *a, const struct task_body *body, const struct ready_entry **ret, bool *ret_runs)
{
    struct id ids[2];
    size_t n = 0;
    int err = a->shelf->ops->holders(a->shelf, body, ids, &n);
    *ret = NULL;
    *ret_runs = false;
    for (size_t i = 0; i < n && !err; i++) {
        const struct ready_entry *e = ready_get(a->ready, &ids[i]);
        if (!e) return ERR_STORE;
        if (!*ret || e->life.state == TASK_BLOCKED) *ret = e;
        *ret_runs = *ret_runs || e->life.state == TASK_RUNNING;
    }
    return err;
}

int apply_once_ask(struct apply *a, struct store_add_item *it, struct apply_once *ret)
{
    const struct ready_entry *e;
    int err = find_holder(a, it->body, &e, &ret->waits);
    if (err || !e) return err;
    err = a->shelf->ops->ended(a->shelf, &it->body->id, &it->life);
    ret->settled = err != ERR_NOT_FOUND || it->body->on_conflict != TASK_REPLACE;
    it->existed = err == 0; /* a resend of one that has ended: it takes nobody's place */
    if (err != ERR_NOT_FOUND) return err;
    it->holder = e->id;
    switch (it->body->on_conflict) {
    case TASK_REFUSE: it->err = ERR_KEY_HELD; break;
    case TASK_EXISTING:
        it->existing = true;
        it->life = e->life;
        break;
    case TASK_REPLACE:
        ret->replaces = true;
        ret->holder = e->id;
        break;
    }
    return 0;
}

int64_t apply_once_room(const struct apply *a, const struct apply_once *o, uint32_t lane)
{
    if (!o->replaces) return 0;
    const struct ready_entry *e = ready_get(a->ready, &o->holder);
    return e->life.state != TASK_RUNNING && a->ready->lanes[e->lane].queue == a->ready->lanes[lane].queue;
}

/* It ends, or is asked to. */
static int replace(struct apply *a, struct store_add_item *it, int64_t now_ms)
{
    const struct ready_entry *e = ready_get(a->ready, &it->holder);
    uint32_t lane = e->lane;
    struct task_ending ending = {.life = e->life, .finished_at_ms = now_ms};
    struct life_rules none = {0};
    struct life_input in = {.event = LIFE_REPLACE, .now_ms = now_ms};
    struct life_outcome out;
    int err = life_step(&ending.life, &none, &in, &out);
    assert(err == 0);
    it->replaced = true;
    it->holder_life = ending.life;
    it->holder_queue = a->ready->lanes[lane].queue_name;
    if (out.ended) {
        ending.failure = apply_ops_failure(out.failure, now_ms);
        return apply_ops_end(a, &it->holder, lane, &ending);
    }
    if (!out.changed) return 0;
    err = a->shelf->ops->change(a->shelf, &it->holder, &a->ready->lanes[lane], &ending.life);
    if (!err) ready_put(a->ready, &it->holder, lane, &ending.life);
    return err;
}

int apply_once_take(struct apply *a, struct store_add_item *it, const struct apply_once *o, int64_t now_ms)
{
    int err = o->replaces ? replace(a, it, now_ms) : 0;
    return err ? err : a->shelf->ops->hold(a->shelf, it->body);
}

/* It was blocked until now: what it waits for from here on is its time, or its turn. */
static int unblock(struct apply *a, const struct ready_entry *e, int64_t now_ms)
{
    struct task_body body;
    struct arena scratch;
    arena_init(&scratch);
    int err = a->shelf->ops->body(a->shelf, &e->id, &scratch, &body);
    if (!err) err = apply_ops_unblock(a, e, &body, now_ms);
    else if (err == ERR_NOT_FOUND) err = ERR_STORE;
    arena_release(&scratch);
    return err;
}

int apply_once_end(struct apply *a, const struct id *id, int64_t now_ms)
{
    struct id other;
    bool has_other = false;
    int err = a->shelf->ops->let_go(a->shelf, id, &other, &has_other);
    if (err || !has_other) return err;
    const struct ready_entry *e = ready_get(a->ready, &other);
    if (!e) return ERR_STORE;
    return e->life.state == TASK_BLOCKED ? unblock(a, e, now_ms) : 0;
}

int apply_once_retake(struct apply *a, const struct task_body *body, struct life *life, int *ret_refused)
{
    const struct ready_entry *holder;
    bool runs;
    int err = find_holder(a, body, &holder, &runs);
    if (!err && holder) *ret_refused = ERR_KEY_HELD;
    if (err || holder) return err;
    life->keyed = true;
    return a->shelf->ops->hold(a->shelf, body);
}
