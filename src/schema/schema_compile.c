/* SPDX-License-Identifier: Apache-2.0
 *
 * From text to nodes: the walk over the subschemas. Each is made once, remembered by its place, and references are joined when
 * all are there; then every default is checked where it stands.
 */
#include "base/limits.h"
#include "base/text.h"
#include "schema/schema_inside.h"

#include <stdio.h>
#include <stdlib.h>

int schema_refuse(struct schema_compile *c, const struct json_node *v, const char *format, ...)
{
    char pointer[sizeof c->e->pointer], text[sizeof c->e->text];
    va_list args;
    schema_pointer(c->j, v, "", pointer, sizeof pointer);
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return err_set_at(c->e, ERR_INVALID, pointer, "%s", text);
}

int schema_expect(struct schema_compile *c, const struct json_node *v, enum json_kind kind)
{
    char found[80];
    if (v->kind == kind) return 0;
    schema_found(c->j, v, found, sizeof found);
    return schema_refuse(c, v, "%s must be %s, not %s", c->keyword, json_kind_name(kind), found);
}

static struct str unescaped(struct schema_compile *c, const struct json_node *v,
                            void (*add)(const struct json *j, const struct json_node *v, struct buf *b))
{
    struct buf b;
    buf_init(&b, c->j->text.len + 1);
    add(c->j, v, &b);
    struct str copy = arena_str(c->a, b.p ? buf_str(&b) : STR(""));
    buf_release(&b);
    return copy;
}

struct str schema_string(struct schema_compile *c, const struct json_node *v) { return unescaped(c, v, json_add_string); }

struct str schema_key(struct schema_compile *c, const struct json_node *v) { return unescaped(c, v, json_add_key); }

static const struct schema_keyword *find(struct str name)
{
    static const struct schema_keyword *const tables[] = {schema_keywords_values, schema_keywords_applied,
                                                          schema_keywords_core};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct schema_keyword *k = tables[t]; k->name; k++)
            if (str_eq(name, str_of(k->name))) return k;
    return NULL;
}

/* The keyword that was probably meant. */
static const char *nearest(struct str name)
{
    const char *names[80] = {NULL};
    size_t n = 0;
    for (const struct schema_keyword *k = schema_keywords_values; k->name && n < 79; k++) names[n++] = k->name;
    for (const struct schema_keyword *k = schema_keywords_applied; k->name && n < 79; k++) names[n++] = k->name;
    return text_nearest(name, names);
}

static int read_member(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    struct str name = schema_key(c, v);
    const struct schema_keyword *k = find(name);
    if (k) {
        c->keyword = k->name;
        return k->read(c, n, v);
    }
    if (str_starts(name, STR("x-"))) return 0;
    const char *near = nearest(name);
    return schema_refuse(c, v, "the keyword \"%.*s\" is not known here%s%s%s", (int)(name.len > 60 ? 60 : name.len), name.p,
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int by_name(const void *a, const void *b)
{
    const struct schema_name *left = a, *right = b;
    return str_cmp(left->name, right->name);
}

/* Those of `properties` and of `required` become one table. */
static void sort_names(struct schema_object *o)
{
    size_t n = 0;
    if (o->n_names) qsort(o->names, o->n_names, sizeof *o->names, by_name);
    for (size_t i = 0; i < o->n_names; i++) {
        struct schema_name *last = n ? &o->names[n - 1] : NULL;
        if (!last || !str_eq(last->name, o->names[i].name)) {
            o->names[n++] = o->names[i];
            continue;
        }
        if (o->names[i].schema) last->schema = o->names[i].schema;
        last->required |= o->names[i].required;
    }
    o->n_names = n;
    for (size_t i = 0; i < n; i++) o->n_required += o->names[i].required;
}

int schema_subschema(struct schema_compile *c, const struct json_node *v, const struct schema_node **ret)
{
    struct schema_node **made = &c->made[v - c->j->nodes];
    int err = 0;
    if (*made) {
        *ret = *made;
        return 0;
    }
    if (v->kind != JSON_OBJECT && v->kind != JSON_TRUE && v->kind != JSON_FALSE) {
        char found[80];
        schema_found(c->j, v, found, sizeof found);
        return schema_refuse(c, v, "a schema is an object, true or false, not %s", found);
    }
    struct schema_node *n = arena_alloc(c->a, sizeof *n);
    n->at = v;
    n->types = TYPE_ANY;
    n->never = v->kind == JSON_FALSE;
    n->older = c->s->newest;
    c->s->newest = *made = n;
    for (const struct json_node *m = v->kind == JSON_OBJECT ? json_first(v) : NULL; m && !err; m = json_next(v, m))
        err = read_member(c, n, m);
    if (n->object) sort_names(n->object);
    *ret = n;
    return err;
}

/* So that what is filled in can be relied upon. */
static int check_defaults(struct schema_compile *c)
{
    struct schema_report report;
    int err = 0;
    for (const struct schema_node *n = c->s->newest; n && !err; n = n->older) {
        if (!n->initial) continue;
        c->s->has_defaults = true;
        struct schema_run r = {.s = c->s, .j = c->j, .at = "", .name = "it", .report = &report,
                               .steps = {LIMIT_SCHEMA_STEPS}};
        report.n = report.more = 0;
        if (schema_fits(&r, n, n->initial) && !steps_spent(&r.steps)) continue;
        err = schema_refuse(c, n->initial, "the default does not fit: %s",
                            report.n ? report.items[0].text : "it takes too long to check");
    }
    return err;
}

/* Its nodes and its text stay, in the arena. */
static int parse(struct schema *s, struct arena *a, struct str text, struct err *e)
{
    struct json j;
    json_init(&j);
    int err = text.len > LIMIT_SCHEMA ? err_set(e, ERR_TOO_BIG, "a schema has at most %d bytes, not %zu", LIMIT_SCHEMA, text.len)
                                      : json_parse(&j, arena_str(a, text), e);
    if (!err) {
        struct json_node *nodes = arena_alloc(a, j.n * sizeof *nodes);
        memcpy(nodes, j.nodes, j.n * sizeof *nodes);
        s->j = (struct json){.text = j.text, .nodes = nodes, .n = j.n, .cap = j.n};
    }
    json_release(&j);
    return err;
}

int schema_compile(const struct schema **ret, struct arena *a, struct str text, struct err *e)
{
    struct schema *s = arena_alloc(a, sizeof *s);
    struct err unheard;
    if (!e) e = &unheard;
    int err = parse(s, a, text, e);
    if (err) return err;
    struct schema_compile c = {.s = s, .j = &s->j, .a = a, .e = e};
    c.made = arena_alloc(a, s->j.n * sizeof *c.made);
    err = schema_subschema(&c, json_root(&s->j), &s->root);
    if (!err) err = schema_resolve(&c);
    if (!err) err = check_defaults(&c);
    if (!err) *ret = s;
    return err;
}

bool schema_has_defaults(const struct schema *s) { return s->has_defaults; }
