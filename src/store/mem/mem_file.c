/* SPDX-License-Identifier: Apache-2.0
 *
 * What the other shelf keeps in tables, remembered without cleverness: each file has the ids of those who refer to it.
 */
#include "store/mem/mem_file.h"

#include "base/list.h"
#include "base/mem.h"
#include "store/mem/mem_sequel.h"

#include <stdlib.h>

struct mem_file {
    struct list link; /* by id */
    struct arena arena;
    struct file file;
    struct id *tasks; /* owned */
    size_t n;
    bool gone;
};

static struct mem_shelf *self(struct shelf *s) { return CONTAINER_OF(s, struct mem_shelf, shelf); }

static struct mem_file *find(const struct mem_shelf *m, const struct id *id)
{
    LIST_EACH(l, &m->files)
    {
        struct mem_file *f = CONTAINER_OF(l, struct mem_file, link);
        if (id_cmp(&f->file.id, id) == 0) return f;
    }
    return NULL;
}

static struct file copy(struct arena *a, const struct file *from)
{
    struct file f = *from;
    f.name = arena_str(a, from->name);
    f.type = arena_str(a, from->type);
    return f;
}

static int add(struct shelf *s, const struct file *file)
{
    struct mem_file *f = mem_new(sizeof *f);
    arena_init(&f->arena);
    f->file = copy(&f->arena, file);
    struct list *after = self(s)->files.prev;
    while (after != &self(s)->files && id_cmp(&CONTAINER_OF(after, struct mem_file, link)->file.id, &file->id) > 0) after = after->prev;
    list_insert(after, &f->link);
    return 0;
}

static int get(struct shelf *s, const struct id *id, struct arena *a, struct file *ret)
{
    const struct mem_file *f = find(self(s), id);
    if (!f || f->gone) return ERR_NOT_FOUND;
    *ret = copy(a, &f->file);
    return 0;
}

static int refer(struct shelf *s, const struct id *file, const struct id *task)
{
    struct mem_file *f = find(self(s), file);
    f->tasks = mem_grow(f->tasks, (f->n + 1) * sizeof *f->tasks);
    f->tasks[f->n++] = *task;
    return 0;
}

static int unrefer(struct shelf *s, const struct id *task)
{
    LIST_EACH(l, &self(s)->files)
    {
        struct mem_file *f = CONTAINER_OF(l, struct mem_file, link);
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++)
            if (id_cmp(&f->tasks[i], task) != 0) f->tasks[n++] = f->tasks[i];
        f->n = n;
    }
    return 0;
}

static struct shelf_file seen(const struct mem_shelf *m, const struct mem_file *f)
{
    struct shelf_file to = {.id = f->file.id, .keep = f->file.keep, .created_at_ms = f->file.created_at_ms, .gone = f->gone,
                            .referred = f->n > 0};
    for (size_t i = 0; i < f->n; i++) {
        const struct mem_record *rec = map_get(&m->by_id, id_key(&f->tasks[i]));
        to.live = to.live || (rec && (!state_is_ending(rec->life.state) || mem_sequel_is_owed(m, &f->tasks[i])));
    }
    return to;
}

static int look(struct shelf *s, const struct id *after, struct shelf_file *ret, size_t max, size_t *ret_n)
{
    *ret_n = 0;
    LIST_EACH(l, &self(s)->files)
    {
        const struct mem_file *f = CONTAINER_OF(l, struct mem_file, link);
        if (*ret_n < max && (!after || id_cmp(&f->file.id, after) > 0)) ret[(*ret_n)++] = seen(self(s), f);
    }
    return 0;
}

static int look_at(struct shelf *s, const struct id *id, struct shelf_file *ret)
{
    const struct mem_file *f = find(self(s), id);
    if (!f) return ERR_NOT_FOUND;
    *ret = seen(self(s), f);
    return 0;
}

static int mark(struct shelf *s, const struct id *id)
{
    find(self(s), id)->gone = true;
    return 0;
}

static void free_file(struct mem_file *f)
{
    list_remove(&f->link);
    arena_release(&f->arena);
    free(f->tasks);
    free(f);
}

static int forget(struct shelf *s, const struct id *id)
{
    struct mem_file *f = find(self(s), id);
    if (f && f->gone) free_file(f);
    return 0;
}

static int total(struct shelf *s, struct store_file_total *ret)
{
    *ret = (struct store_file_total){0};
    LIST_EACH(l, &self(s)->files)
    {
        ret->n++;
        ret->bytes += CONTAINER_OF(l, struct mem_file, link)->file.bytes;
    }
    return 0;
}

const struct shelf_files mem_file_ops = {.add = add,   .get = get,         .refer = refer, .unrefer = unrefer, .look = look,
                                         .look_at = look_at, .mark = mark, .forget = forget, .total = total};

void mem_file_read(const struct mem_shelf *m, struct store_file_get *r)
{
    const struct mem_file *f = find(m, &r->id);
    r->found = f && !f->gone ? 0 : ERR_NOT_FOUND;
    if (r->found == 0) r->file = copy(&r->req.arena, &f->file);
}

void mem_file_list(const struct mem_shelf *m, struct store_file_list *r)
{
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    for (const struct list *l = m->files.prev; l != &m->files && !r->more; l = l->prev) {
        const struct mem_file *f = CONTAINER_OF(l, struct mem_file, link);
        if (f->gone || (r->has_after && id_cmp(&f->file.id, &r->after) >= 0)) continue;
        r->more = r->n == r->limit;
        if (!r->more) r->items[r->n++] = copy(&r->req.arena, &f->file);
    }
}

void mem_file_release(struct mem_shelf *m)
{
    LIST_EACH_SAFE(l, &m->files) free_file(CONTAINER_OF(l, struct mem_file, link));
}
