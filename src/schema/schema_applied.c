/* SPDX-License-Identifier: Apache-2.0
 *
 * The keywords whose value holds schemas, and those that belong to them.
 */
#include "schema/schema_inside.h"

struct schema_array *schema_array_of(struct schema_compile *c, struct schema_node *n)
{
    if (n->array) return n->array;
    n->array = arena_alloc(c->a, sizeof *n->array);
    n->array->most = n->array->most_contained = SCHEMA_NO_MOST;
    n->array->least_contained = 1;
    return n->array;
}

/* Room for all names that its members `properties` and `required` may have. */
static struct schema_object *with_names(struct schema_compile *c, struct schema_node *n)
{
    struct schema_object *o = schema_object_of(c, n);
    if (o->names) return o;
    const struct json_node *properties = json_member(c->j, n->at, STR("properties"));
    const struct json_node *required = json_member(c->j, n->at, STR("required"));
    size_t most = 1 + (properties ? properties->count : 0) + (required ? required->count : 0);
    o->names = arena_alloc(c->a, most * sizeof *o->names);
    return o;
}

static int read_properties(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_OBJECT);
    struct schema_object *o = with_names(c, n);
    for (const struct json_node *m = err ? NULL : json_first(v); m && !err; m = json_next(v, m)) {
        struct schema_name *name = &o->names[o->n_names++];
        name->name = schema_key(c, m);
        err = schema_subschema(c, m, &name->schema);
    }
    return err;
}

static int read_required(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_ARRAY);
    struct schema_object *o = with_names(c, n);
    for (const struct json_node *m = err ? NULL : json_first(v); m && !err; m = json_next(v, m)) {
        err = schema_expect(c, m, JSON_STRING);
        if (!err) o->names[o->n_names++] = (struct schema_name){.name = schema_string(c, m), .required = true};
    }
    return err;
}

static int read_patterns(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    struct err why;
    int err = schema_expect(c, v, JSON_OBJECT);
    if (err) return err;
    struct schema_object *o = schema_object_of(c, n);
    o->patterns = arena_alloc(c->a, (v->count + 1) * sizeof *o->patterns);
    for (const struct json_node *m = json_first(v); m && !err; m = json_next(v, m)) {
        struct schema_pattern *p = &o->patterns[o->n_patterns++];
        err = pattern_compile(&p->pattern, c->a, schema_key(c, m), &why)
                  ? schema_refuse(c, m, "this is not a regular expression: %s", why.text)
                  : schema_subschema(c, m, &p->schema);
    }
    return err;
}

static int read_needs(struct schema_compile *c, const struct json_node *v, struct schema_dependent *d)
{
    int err = schema_expect(c, v, JSON_ARRAY);
    struct str *needs = arena_alloc(c->a, (v->count + 1) * sizeof *needs);
    d->needs = needs;
    for (const struct json_node *m = err ? NULL : json_first(v); m && !err; m = json_next(v, m)) {
        err = schema_expect(c, m, JSON_STRING);
        if (!err) needs[d->n_needs++] = schema_string(c, m);
    }
    return err;
}

static int read_dependents(struct schema_compile *c, struct schema_node *n, const struct json_node *v, bool names)
{
    int err = schema_expect(c, v, JSON_OBJECT);
    if (err) return err;
    struct schema_object *o = schema_object_of(c, n);
    struct schema_dependent *grown = arena_alloc(c->a, (o->n_dependents + v->count + 1) * sizeof *grown);
    if (o->n_dependents) memcpy(grown, o->dependents, o->n_dependents * sizeof *grown);
    o->dependents = grown;
    for (const struct json_node *m = json_first(v); m && !err; m = json_next(v, m)) {
        struct schema_dependent *d = &o->dependents[o->n_dependents++];
        d->name = schema_key(c, m);
        err = names ? read_needs(c, m, d) : schema_subschema(c, m, &d->schema);
    }
    return err;
}

static int read_dependent_required(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    return read_dependents(c, n, v, true);
}

static int read_dependent_schemas(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    return read_dependents(c, n, v, false);
}

static int read_list(struct schema_compile *c, const struct json_node *v, struct schema_list *list)
{
    int err = schema_expect(c, v, JSON_ARRAY);
    if (!err && v->count == 0) err = schema_refuse(c, v, "%s must have one schema at least", c->keyword);
    if (err) return err;
    list->items = arena_alloc(c->a, v->count * sizeof *list->items);
    for (const struct json_node *m = json_first(v); m && !err; m = json_next(v, m))
        err = schema_subschema(c, m, &list->items[list->n++]);
    return err;
}

#define LIST(function, place)                                                                       \
    static int function(struct schema_compile *c, struct schema_node *n, const struct json_node *v) \
    {                                                                                               \
        return read_list(c, v, &place);                                                             \
    }
LIST(read_all, n->all)
LIST(read_any, n->any)
LIST(read_one, n->one)
LIST(read_prefix, schema_array_of(c, n)->prefix)

#define ONE(function, place)                                                                        \
    static int function(struct schema_compile *c, struct schema_node *n, const struct json_node *v) \
    {                                                                                               \
        return schema_subschema(c, v, &place);                                                      \
    }
ONE(read_additional, schema_object_of(c, n)->additional)
ONE(read_property_names, schema_object_of(c, n)->property_names)
ONE(read_contains, schema_array_of(c, n)->contains)
ONE(read_not, n->not_this)
ONE(read_if, n->when)
ONE(read_then, n->then)
ONE(read_else, n->otherwise)

static int read_items(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    if (v->kind == JSON_ARRAY)
        return schema_refuse(c, v, "items must be one schema; a schema for each place is prefixItems, since draft 2020-12");
    return schema_subschema(c, v, &schema_array_of(c, n)->items);
}

const struct schema_keyword schema_keywords_applied[] = {
    {"properties", read_properties},
    {"required", read_required},
    {"additionalProperties", read_additional},
    {"patternProperties", read_patterns},
    {"propertyNames", read_property_names},
    {"dependentRequired", read_dependent_required},
    {"dependentSchemas", read_dependent_schemas},
    {"items", read_items},
    {"prefixItems", read_prefix},
    {"contains", read_contains},
    {"allOf", read_all},
    {"anyOf", read_any},
    {"oneOf", read_one},
    {"not", read_not},
    {"if", read_if},
    {"then", read_then},
    {"else", read_else},
    {NULL, NULL},
};
