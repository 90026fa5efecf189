/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry a live task whose result will be kept, one a print under which one is. The result itself is the task's.
 */
#include "store/mem/mem_cache.h"

#include "base/list.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct mem_cache {
    struct id id;
    uint8_t print[TASK_PRINT];
    struct list link; /* wanted: among those of its print */
    bool follows;     /* wanted */
    int64_t ttl_ms;   /* wanted */
    int64_t until_ms; /* kept */
    int32_t run;      /* kept: of which it is the result */
};

static struct mem_shelf *self(struct shelf *s) { return CONTAINER_OF(s, struct mem_shelf, shelf); }

static struct str print_key(const uint8_t print[TASK_PRINT]) { return (struct str){(const char *)print, TASK_PRINT}; }

/* Those of one print, by id. */
struct mem_print {
    struct list all;
    char text[TASK_PRINT];
};

static struct list *those_of(const struct mem_shelf *m, const uint8_t print[TASK_PRINT])
{
    struct mem_print *p = map_get(&m->prints, print_key(print));
    return p ? &p->all : NULL;
}

int mem_cache_want(struct shelf *s, const struct task_body *body, bool follows)
{
    struct mem_shelf *m = self(s);
    struct mem_cache *c = mem_new(sizeof *c);
    *c = (struct mem_cache){.id = body->id, .ttl_ms = body->cache.ttl_ms, .follows = follows};
    memcpy(c->print, body->cache.print, sizeof c->print);
    (void)map_put(&m->wanted, id_key(&c->id), c);
    struct mem_print *p = map_get(&m->prints, print_key(c->print));
    if (!p) {
        p = mem_new(sizeof *p);
        list_init(&p->all);
        memcpy(p->text, c->print, sizeof p->text);
        (void)map_put(&m->prints, (struct str){p->text, sizeof p->text}, p);
    }
    struct list *after = p->all.prev; /* nearly always: ids are made in the order of time */
    while (after != &p->all && id_cmp(&CONTAINER_OF(after, struct mem_cache, link)->id, &c->id) > 0) after = after->prev;
    list_insert(after, &c->link);
    return 0;
}

int mem_cache_lead(struct shelf *s, const struct id *id)
{
    struct mem_cache *c = map_get(&self(s)->wanted, id_key(id));
    assert(c && c->follows);
    c->follows = false;
    return 0;
}

int mem_cache_wanted(struct shelf *s, const uint8_t print[TASK_PRINT], bool follow, const struct id *after, struct id *ret, size_t max,
                     size_t *ret_n)
{
    const struct list *all = those_of(self(s), print);
    *ret_n = 0;
    if (!all) return 0;
    LIST_EACH(l, all)
    {
        const struct mem_cache *c = CONTAINER_OF(l, struct mem_cache, link);
        if (*ret_n == max) break;
        if (c->follows == follow && (!after || id_cmp(&c->id, after) > 0)) ret[(*ret_n)++] = c->id;
    }
    return 0;
}

int mem_cache_print(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT])
{
    const struct mem_cache *c = map_get(&self(s)->wanted, id_key(id));
    assert(c);
    memcpy(ret, c->print, sizeof c->print);
    return 0;
}

void mem_cache_view(const struct mem_shelf *m, struct task *t)
{
    const struct mem_cache *c = map_get(&m->wanted, id_key(&t->body.id));
    t->follows = c && c->follows;
    if (!t->follows) return;
    LIST_EACH(l, those_of(m, c->print))
    {
        const struct mem_cache *other = CONTAINER_OF(l, struct mem_cache, link);
        t->has_leader = !other->follows;
        t->leader = other->id;
        if (t->has_leader) return;
    }
}

int mem_cache_keep(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms)
{
    struct mem_shelf *m = self(s);
    const struct mem_cache *wanted = map_get(&m->wanted, id_key(id));
    assert(wanted);
    struct mem_cache *c = mem_new(sizeof *c);
    *c = *wanted;
    c->run = run;
    c->until_ms = now_ms + wanted->ttl_ms;
    free(map_remove(&m->kept, print_key(c->print)));
    (void)map_put(&m->kept, print_key(c->print), c);
    return 0;
}

int mem_cache_unwant(struct shelf *s, const struct id *id)
{
    struct mem_shelf *m = self(s);
    struct mem_cache *c = map_remove(&m->wanted, id_key(id));
    list_remove(&c->link);
    if (list_empty(those_of(m, c->print))) free(map_remove(&m->prints, print_key(c->print)));
    free(c);
    return 0;
}

int mem_cache_kept(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                   struct str *ret_result)
{
    const struct mem_cache *c = map_get(&self(s)->kept, print_key(print));
    if (!c || c->until_ms <= now_ms) return ERR_NOT_FOUND;
    const struct mem_record *rec = map_get(&self(s)->by_id, id_key(&c->id));
    bool there = rec && rec->life.state == TASK_COMPLETED && rec->life.run == c->run && !(rec->ending.purged & RETAIN_RESULT);
    if (!there) return ERR_NOT_FOUND;
    *ret_id = c->id;
    *ret_result = arena_str(a, rec->ending.result);
    return 0;
}

int mem_cache_forget(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n)
{
    struct map *kept = &self(s)->kept;
    struct mem_cache **over = mem_new(max * sizeof *over);
    size_t at = 0, n = 0;
    for (struct map_entry *e; n < max && (e = map_next(kept, &at));)
        if (((struct mem_cache *)e->value)->until_ms <= now_ms) over[n++] = e->value;
    for (size_t i = 0; i < n; i++) free(map_remove(kept, print_key(over[i]->print)));
    free(over);
    *ret_n = n;
    return 0;
}

static void release(struct map *map)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(map, &at));) free(e->value);
    map_release(map);
}

void mem_cache_release(struct mem_shelf *m)
{
    release(&m->wanted);
    release(&m->prints);
    release(&m->kept);
}
