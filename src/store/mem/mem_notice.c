/* SPDX-License-Identifier: Apache-2.0
 *
 * What the other shelf keeps in a table and its counts, counted each time.
 */
#include "store/mem/mem_notice.h"

#include "base/list.h"
#include "base/mem.h"

#include <stdlib.h>

struct mem_notice {
    struct list link; /* by id */
    struct arena arena;
    struct notice notice;
};

static struct mem_shelf *self(struct shelf *s) { return CONTAINER_OF(s, struct mem_shelf, shelf); }

static struct mem_notice *of(struct list *l) { return CONTAINER_OF(l, struct mem_notice, link); }

static struct mem_notice *find_one(const struct mem_shelf *m, const struct id *id, int64_t serial)
{
    LIST_EACH(l, &m->notices)
        if (serial > 0 ? of(l)->notice.serial == serial : id_cmp(&of(l)->notice.id, id) == 0) return of(l);
    return NULL;
}

static struct str copy_str(struct arena *a, struct str s) { return s.p ? arena_str(a, s) : STR_NONE; }

static struct notice copy(struct arena *a, const struct notice *from)
{
    struct notice n = *from;
    struct task_body tags = task_copy_body(a, &(struct task_body){.tags = from->tags, .n_tags = from->n_tags});
    n.tags = tags.tags;
    n.type = copy_str(a, from->type);
    n.subject = copy_str(a, from->subject);
    n.kind = copy_str(a, from->kind);
    n.title = copy_str(a, from->title);
    n.message = copy_str(a, from->message);
    n.data = copy_str(a, from->data);
    return n;
}

static int add(struct shelf *s, const struct notice *notice, int64_t *ret_serial)
{
    struct mem_notice *n = mem_new(sizeof *n);
    arena_init(&n->arena);
    n->notice = copy(&n->arena, notice);
    n->notice.serial = *ret_serial = ++self(s)->notice_serial;
    struct list *after = self(s)->notices.prev;
    while (after != &self(s)->notices && id_cmp(&of(after)->notice.id, &notice->id) > 0) after = after->prev;
    list_insert(after, &n->link);
    return 0;
}

static int find(struct shelf *s, int64_t serial, struct id *ret)
{
    const struct mem_notice *n = find_one(self(s), NULL, serial);
    if (n) *ret = n->notice.id;
    return n ? 0 : ERR_NOT_FOUND;
}

static int get(struct shelf *s, const struct id *id, struct arena *a, struct notice *ret)
{
    const struct mem_notice *n = find_one(self(s), id, 0);
    if (n) *ret = copy(a, &n->notice);
    return n ? 0 : ERR_NOT_FOUND;
}

static int mark_read(struct shelf *s, const struct id *id, int64_t at_ms)
{
    find_one(self(s), id, 0)->notice.read_at_ms = at_ms;
    return 0;
}

static bool is_unread(const struct notice *n, struct str subject)
{
    return !n->read_at_ms && (!subject.p || (n->subject.p && str_eq(n->subject, subject)));
}

static int unread(struct shelf *s, struct str subject, const struct id *until, struct id *ret, size_t max, size_t *ret_n)
{
    *ret_n = 0;
    LIST_EACH(l, &self(s)->notices)
    {
        const struct notice *n = &of(l)->notice;
        if (*ret_n < max && is_unread(n, subject) && (!until || id_cmp(&n->id, until) <= 0)) ret[(*ret_n)++] = n->id;
    }
    return 0;
}

static int oldest(struct shelf *s, struct shelf_notice *ret, size_t max, size_t *ret_n)
{
    *ret_n = 0;
    LIST_EACH(l, &self(s)->notices)
        if (*ret_n < max) ret[(*ret_n)++] = (struct shelf_notice){of(l)->notice.id, of(l)->notice.created_at_ms};
    return 0;
}

static void free_notice(struct mem_notice *n)
{
    list_remove(&n->link);
    arena_release(&n->arena);
    free(n);
}

static int drop(struct shelf *s, const struct id *id)
{
    struct mem_notice *n = find_one(self(s), id, 0);
    if (n) free_notice(n);
    return n ? 0 : ERR_NOT_FOUND;
}

static struct store_notice_total count(const struct mem_shelf *m, struct str subject)
{
    struct store_notice_total of_all = {.n = 0};
    LIST_EACH(l, &m->notices)
    {
        of_all.n++;
        of_all.unread += is_unread(&of(l)->notice, subject);
    }
    return of_all;
}

static int total(struct shelf *s, struct store_notice_total *ret)
{
    *ret = count(self(s), STR_NONE);
    return 0;
}

const struct shelf_notices mem_notice_ops = {.add = add,       .find = find,     .get = get,   .read = mark_read,
                                             .unread = unread, .oldest = oldest, .drop = drop, .total = total};

void mem_notice_read(const struct mem_shelf *m, struct store_notice_get *r)
{
    const struct mem_notice *n = find_one(m, &r->id, r->serial);
    r->found = n ? 0 : ERR_NOT_FOUND;
    if (n) r->notice = copy(&r->req.arena, &n->notice);
}

static bool fits(const struct store_notice_list *r, const struct notice *n)
{
    if (r->has_after && id_cmp(&n->id, &r->after) >= 0) return false;
    if (r->has_task && id_cmp(&n->task, &r->task) != 0) return false;
    if (r->subject.p && !(n->subject.p && str_eq(n->subject, r->subject))) return false;
    return !r->unread_only || !n->read_at_ms;
}

void mem_notice_list(const struct mem_shelf *m, struct store_notice_list *r)
{
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, (r->limit + 1) * sizeof *r->items);
    r->total = count(m, STR_NONE);
    r->unread = count(m, r->subject).unread;
    for (struct list *l = m->notices.prev; r->limit && l != &m->notices && !r->more; l = l->prev) {
        if (!fits(r, &of(l)->notice)) continue;
        r->more = r->n == r->limit;
        if (!r->more) r->items[r->n++] = copy(&r->req.arena, &of(l)->notice);
    }
}

void mem_notice_release(struct mem_shelf *m)
{
    LIST_EACH_SAFE(l, &m->notices) free_notice(of(l));
}
