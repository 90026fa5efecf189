/* SPDX-License-Identifier: Apache-2.0
 *
 * Defaults. All schemas that look at the same object (through $ref and allOf, never through what may or may not apply) are kept
 * as a set while it is walked; each member gets the set of those that look at it. The text is copied as far as it is walked,
 * and what is missing is written where an object ends.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "base/mem.h"
#include "schema/schema_inside.h"

#include <stdlib.h>

#define FEW 8

struct set {
    const struct schema_node **items; /* `few`, or owned */
    size_t n, cap;
    const struct schema_node *few[FEW];
};

struct walk {
    const struct schema *s;
    const struct json *j;
    struct buf *b;
    size_t at; /* so far of the text is copied */
    struct steps steps;
};

static void set_init(struct set *set)
{
    set->items = set->few;
    set->n = 0;
    set->cap = FEW;
}

static void set_release(struct set *set)
{
    if (set->items != set->few) free(set->items);
}

static void set_push(struct set *set, const struct schema_node *n)
{
    if (set->n == set->cap) {
        const struct schema_node **grown = mem_new(2 * set->cap * sizeof *grown);
        memcpy(grown, set->items, set->n * sizeof *grown);
        set_release(set);
        set->items = grown;
        set->cap *= 2;
    }
    set->items[set->n++] = n;
}

/* A schema and what it says besides. */
static void set_add(struct walk *w, struct set *set, const struct schema_node *n)
{
    if (!n || !steps_take(&w->steps, 1 + set->n)) return;
    for (size_t i = 0; i < set->n; i++)
        if (set->items[i] == n) return;
    set_push(set, n);
    set_add(w, set, n->ref);
    for (size_t i = 0; i < n->all.n; i++) set_add(w, set, n->all.items[i]);
}

static void copy_until(struct walk *w, size_t end)
{
    buf_add_str(w->b, str_sub(w->j->text, w->at, end - w->at));
    w->at = end;
}

static bool said_before(const struct set *set, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        const struct schema_node *property = set->items[i]->object ? schema_property(set->items[i]->object, name) : NULL;
        if (property && property->filled) return true;
    }
    return false;
}

static void add_missing(struct walk *w, const struct set *set, const struct json_node *v)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct schema_object *o = set->items[i]->object;
        for (size_t k = 0; o && k < o->n_names; k++) {
            struct str name = o->names[k].name;
            const struct json_node *value = o->names[k].schema ? o->names[k].schema->filled : NULL;
            if (!value || !steps_take(&w->steps, 1 + v->count)) continue;
            if (json_member(w->j, v, name) || said_before(set, i, name)) continue;
            json_write_key_str(w->b, name);
            json_write_raw(w->b, json_span(&w->s->j, value));
        }
    }
}

static void add_of_member(struct walk *w, struct set *to, const struct schema_object *o, struct str name)
{
    const struct schema_node *property = schema_property(o, name);
    bool said = property != NULL;
    set_add(w, to, property);
    for (size_t i = 0; i < o->n_patterns; i++) {
        if (!pattern_is_in(o->patterns[i].pattern, name, &w->steps)) continue;
        said = true;
        set_add(w, to, o->patterns[i].schema);
    }
    if (!said) set_add(w, to, o->additional);
}

static void walk_value(struct walk *w, const struct set *set, const struct json_node *v);

static void walk_child(struct walk *w, const struct set *set, const struct json_node *v, struct str name, size_t place)
{
    struct set inside;
    if (v->kind != JSON_ARRAY && v->kind != JSON_OBJECT) return;
    set_init(&inside);
    for (size_t i = 0; i < set->n; i++) {
        const struct schema_array *a = set->items[i]->array;
        if (name.p && set->items[i]->object) add_of_member(w, &inside, set->items[i]->object, name);
        if (!name.p && a) set_add(w, &inside, place < a->prefix.n ? a->prefix.items[place] : a->items);
    }
    if (inside.n) walk_value(w, &inside, v);
    set_release(&inside);
}

static void walk_value(struct walk *w, const struct set *set, const struct json_node *v)
{
    struct buf key;
    size_t end = v->start + 1, place = 0;
    buf_init(&key, (size_t)v->len + 1);
    for (const struct json_node *m = json_first(v); m && !steps_spent(&w->steps); m = json_next(v, m), place++) {
        struct str name = STR_NONE;
        buf_clear(&key);
        if (v->kind == JSON_OBJECT && m->key_escaped) json_add_key(w->j, m, &key);
        if (v->kind == JSON_OBJECT) name = m->key_escaped && key.p ? buf_str(&key) : json_key(w->j, m);
        walk_child(w, set, m, name, place);
        end = (size_t)m->start + m->len;
    }
    buf_release(&key);
    if (v->kind != JSON_OBJECT) return;
    copy_until(w, end);
    add_missing(w, set, v);
}

int schema_complete(const struct schema *s, const struct json *j, const struct json_node *v, struct buf *b)
{
    struct walk w = {s, j, b, v->start, {LIMIT_SCHEMA_STEPS}};
    struct set set;
    set_init(&set);
    if (s->has_defaults) {
        set_add(&w, &set, s->root);
        if (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT) walk_value(&w, &set, v);
    }
    set_release(&set);
    copy_until(&w, (size_t)v->start + v->len);
    return steps_spent(&w.steps) ? ERR_INPUT : 0;
}
