/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry a key, as long as somebody holds it.
 */
#include "store/mem/mem_once.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

struct mem_once {
    struct id ids[2];
    size_t n;
    size_t len;
    char text[]; /* the tenant's number, the type, NUL, the key */
};

static struct mem_once *once_of(const struct task_body *b)
{
    struct mem_once *o = mem_new(sizeof *o + sizeof b->tenant + b->type.len + 1 + b->key.len);
    char *at = o->text;
    memcpy(at, &b->tenant, sizeof b->tenant);
    at += sizeof b->tenant;
    memcpy(at, b->type.p, b->type.len);
    at += b->type.len;
    *at++ = 0; /* no type has one */
    memcpy(at, b->key.p, b->key.len);
    o->len = (size_t)(at - o->text) + b->key.len;
    return o;
}

static struct str text_of(const struct mem_once *o) { return (struct str){o->text, o->len}; }

static struct mem_once *find(const struct mem_shelf *m, const struct task_body *body)
{
    struct mem_once *asked = once_of(body), *found = map_get(&m->holders, text_of(asked));
    free(asked);
    return found;
}

int mem_once_holders(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n)
{
    const struct mem_once *o = find(CONTAINER_OF(s, struct mem_shelf, shelf), body);
    *ret_n = o ? o->n : 0;
    for (size_t i = 0; i < *ret_n; i++) ret[i] = o->ids[i];
    return 0;
}

int mem_once_hold(struct shelf *s, const struct task_body *body)
{
    struct mem_shelf *m = CONTAINER_OF(s, struct mem_shelf, shelf);
    struct mem_once *o = find(m, body);
    if (!o) {
        o = once_of(body);
        (void)map_put(&m->holders, text_of(o), o);
    }
    assert(o->n < 2);
    o->ids[o->n++] = body->id;
    return 0;
}

int mem_once_let_go(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other)
{
    struct mem_shelf *m = CONTAINER_OF(s, struct mem_shelf, shelf);
    const struct mem_record *rec = map_get(&m->by_id, id_key(id));
    struct mem_once *o = find(m, &rec->body);
    assert(o);
    if (id_cmp(&o->ids[0], id) == 0) o->ids[0] = o->ids[1];
    o->n--;
    *ret_has_other = o->n > 0;
    *ret_other = o->ids[0];
    if (o->n > 0) return 0;
    (void)map_remove(&m->holders, text_of(o));
    free(o);
    return 0;
}

void mem_once_release(struct mem_shelf *m)
{
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&m->holders, &at));) free(e->value);
    map_release(&m->holders);
}
