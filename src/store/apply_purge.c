/* SPDX-License-Identifier: Apache-2.0
 *
 * What retention takes away. Who is looked at was decided on an older picture: only an ending that is still the same one
 * loses anything.
 */
#include "store/apply_purge.h"

#include "store/apply_ops.h"

static int erase(struct apply *a, const struct id *id, const struct life *life, struct arena *arena)
{
    struct task_body body;
    int err = a->shelf->ops->body(a->shelf, id, arena, &body);
    return err == ERR_NOT_FOUND ? ERR_STORE : err ? err : apply_ops_erase(a, id, body.queue, life->state);
}

static int purge_one(struct apply *a, struct store_purge_item *it, struct arena *arena)
{
    struct life life;
    it->purged = false;
    int err = a->shelf->ops->ended(a->shelf, &it->id, &life);
    if (err) return err == ERR_NOT_FOUND ? 0 : err;
    if (life.run != it->run) return 0;
    err = apply_ops_begin(a);
    if (err) return err;
    if (it->parts & RETAIN_INPUT) err = a->shelf->ops->files->unrefer(a->shelf, &it->id); /* it cannot run again */
    if (err) return err;
    err = it->parts & RETAIN_RECORD ? erase(a, &it->id, &life, arena) : a->shelf->ops->strip(a->shelf, &it->id, it->parts);
    it->purged = err == 0;
    return err == ERR_CONFLICT ? 0 : err; /* something is to follow it: the next pass finds it again */
}

int apply_purge(struct apply *a, struct store_purge *r)
{
    r->n_keys = r->n_results = 0;
    for (size_t i = 0; i < r->n; i++) {
        int err = purge_one(a, &r->items[i], &r->req.arena);
        if (err) return err;
    }
    if (!r->keys_before_ms && !r->results_max) return 0;
    int err = apply_ops_begin(a);
    if (!err && r->keys_before_ms) err = a->shelf->ops->forget_keys(a->shelf, r->keys_before_ms, r->keys_max, &r->n_keys);
    if (!err && r->results_max) err = a->shelf->ops->forget_kept(a->shelf, r->req.now_ms, r->results_max, &r->n_results);
    return err;
}
