/* SPDX-License-Identifier: Apache-2.0
 *
 * A task refers to a file from the commit that adds it on, so a file cannot go between the look at it and the task's start.
 */
#include "store/apply_file.h"

#include "base/limits.h"
#include "store/apply_ops.h"
#include "task/refs.h"

int apply_file_add(struct apply *a, struct store_file_add *r)
{
    const struct shelf_files *files = a->shelf->ops->files;
    int err = apply_ops_begin(a);
    for (size_t i = 0; i < r->n && !err; i++) err = files->add(a->shelf, &r->files[i]);
    return err ? err : files->total(a->shelf, &r->total);
}

int apply_file_drop(struct apply *a, struct store_file_drop *r)
{
    const struct shelf_files *files = a->shelf->ops->files;
    struct shelf_file f;
    int err = files->look_at(a->shelf, &r->id, &f);
    r->err = err == ERR_NOT_FOUND || (!err && f.gone) ? ERR_NOT_FOUND : !err && f.live ? ERR_CONFLICT : 0;
    if (r->err || err) return r->err ? 0 : err;
    err = apply_ops_begin(a);
    return err ? err : files->mark(a->shelf, &r->id);
}

static int sweep_one(struct apply *a, struct store_file_sweep *r, const struct shelf_file *f)
{
    bool due = f->gone || file_is_due(f->keep, f->created_at_ms, f->referred, f->live, r->retain_ms, r->req.now_ms);
    if (!due) {
        int64_t at_ms = file_due_ms(f->keep, f->created_at_ms, f->referred, r->retain_ms);
        if (at_ms < r->next_due_ms) r->next_due_ms = at_ms;
        r->by_task = r->by_task || f->keep == FILE_KEEP_TASK;
        return 0;
    }
    r->gone[r->n_gone++] = f->id;
    return f->gone ? 0 : a->shelf->ops->files->mark(a->shelf, &f->id);
}

int apply_file_sweep(struct apply *a, struct store_file_sweep *r)
{
    const struct shelf_files *files = a->shelf->ops->files;
    struct shelf_file *seen = arena_alloc(&r->req.arena, r->max * sizeof *seen);
    size_t n = 0;
    r->gone = arena_alloc(&r->req.arena, r->max * sizeof *r->gone);
    r->n_gone = 0;
    r->next_due_ms = INT64_MAX;
    r->by_task = false;
    int err = apply_ops_begin(a);
    for (size_t i = 0; i < r->n_forget && !err; i++) err = files->forget(a->shelf, &r->forget[i]);
    if (!err) err = files->look(a->shelf, r->has_after ? &r->after : NULL, seen, r->max, &n);
    for (size_t i = 0; i < n && !err; i++) err = sweep_one(a, r, &seen[i]);
    r->more = n == r->max;
    if (n) r->last = seen[n - 1].id;
    return err ? err : files->total(a->shelf, &r->total);
}

int apply_file_check(struct apply *a, struct store_add_item *it)
{
    struct shelf_file f;
    for (size_t i = 0; i < it->body->n_files; i++) {
        int err = a->shelf->ops->files->look_at(a->shelf, &it->body->files[i], &f);
        if (err && err != ERR_NOT_FOUND) return err;
        if (!err && !f.gone) continue;
        struct life was; /* what was added before stays added, whatever became of its files */
        err = a->shelf->ops->ended(a->shelf, &it->body->id, &was);
        if (err != ERR_NOT_FOUND) return err;
        it->err = ERR_UNKNOWN_FILE;
        it->missing = i;
        return 0;
    }
    return 0;
}

int apply_file_refer(struct apply *a, const struct store_add_item *it)
{
    int err = 0;
    for (size_t i = 0; i < it->body->n_files && !err; i++) err = a->shelf->ops->files->refer(a->shelf, &it->body->files[i], &it->body->id);
    return err;
}

static bool is_among(const struct store_claim_item *it, const struct id *id)
{
    for (size_t i = 0; i < it->n_files; i++)
        if (id_cmp(&it->files[i].id, id) == 0) return true;
    return false;
}

int apply_file_claim(struct apply *a, struct store_claim_item *it, struct arena *arena)
{
    struct ref ref;
    it->files = NULL;
    it->n_files = 0;
    for (size_t at = 0; it->n_files < LIMIT_FILE_REFS && refs_next(it->body.input, &at, &ref);) {
        if (is_among(it, &ref.file)) continue;
        if (!it->files) it->files = arena_alloc(arena, LIMIT_FILE_REFS * sizeof *it->files);
        int err = a->shelf->ops->files->get(a->shelf, &ref.file, arena, &it->files[it->n_files]);
        if (err && err != ERR_NOT_FOUND) return err;
        it->n_files += !err;
    }
    return 0;
}
