/* SPDX-License-Identifier: Apache-2.0
 *
 * The keywords whose value is a value: types, bounds, lengths, lists of words.
 */
#include "schema/schema_inside.h"

static const struct {
    const char *name;
    uint8_t types;
} types[] = {{"null", TYPE_NULL},       {"boolean", TYPE_BOOLEAN}, {"number", TYPE_NUMBER}, {"integer", TYPE_INTEGER},
             {"string", TYPE_STRING},   {"array", TYPE_ARRAY},     {"object", TYPE_OBJECT}};

struct schema_object *schema_object_of(struct schema_compile *c, struct schema_node *n)
{
    if (n->object) return n->object;
    n->object = arena_alloc(c->a, sizeof *n->object);
    n->object->most = SCHEMA_NO_MOST;
    return n->object;
}

static struct schema_text *text_of(struct schema_compile *c, struct schema_node *n)
{
    if (n->text) return n->text;
    n->text = arena_alloc(c->a, sizeof *n->text);
    n->text->most = SCHEMA_NO_MOST;
    return n->text;
}

static struct schema_number *number_of(struct schema_compile *c, struct schema_node *n)
{
    if (!n->number) n->number = arena_alloc(c->a, sizeof *n->number);
    return n->number;
}

static int add_type(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    struct str name = schema_string(c, v);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!str_eq(name, str_of(types[i].name))) continue;
        n->types |= types[i].types;
        return 0;
    }
    return schema_refuse(c, v, "type must be of null, boolean, number, integer, string, array, object, not \"%.*s\"",
                         (int)(name.len > 60 ? 60 : name.len), name.p);
}

static int read_type(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = 0;
    n->types = 0;
    if (v->kind != JSON_ARRAY) return add_type(c, n, v);
    if (v->count == 0) return schema_refuse(c, v, "type must name one type at least");
    for (const struct json_node *item = json_first(v); item && !err; item = json_next(v, item)) err = add_type(c, n, item);
    return err;
}

static int read_enum(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_ARRAY);
    if (!err && v->count == 0) err = schema_refuse(c, v, "enum must have one value at least");
    n->words = v;
    return err;
}

static int read_const(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)c;
    n->only = v;
    return 0;
}

static int read_default(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)c;
    n->initial = v;
    return 0;
}

static int read_count(struct schema_compile *c, const struct json_node *v, int64_t *ret)
{
    int64_t n;
    if (json_int(c->j, v, &n) || n < 0) {
        char found[80];
        schema_found(c->j, v, found, sizeof found);
        return schema_refuse(c, v, "%s must be a whole number from 0 on, not %s", c->keyword, found);
    }
    *ret = n;
    return 0;
}

#define COUNT(function, of, member)                                                                             \
    static int function(struct schema_compile *c, struct schema_node *n, const struct json_node *v)             \
    {                                                                                                           \
        return read_count(c, v, &of(c, n)->member);                                                             \
    }
COUNT(read_min_length, text_of, least)
COUNT(read_max_length, text_of, most)
COUNT(read_min_properties, schema_object_of, least)
COUNT(read_max_properties, schema_object_of, most)
COUNT(read_min_items, schema_array_of, least)
COUNT(read_max_items, schema_array_of, most)
COUNT(read_min_contains, schema_array_of, least_contained)
COUNT(read_max_contains, schema_array_of, most_contained)

static int read_unique(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    if (v->kind == JSON_FALSE) return 0;
    schema_array_of(c, n)->unique = true;
    return schema_expect(c, v, JSON_TRUE);
}

static int read_bound(struct schema_compile *c, const struct json_node *v, struct schema_bound *b)
{
    int err = schema_expect(c, v, JSON_NUMBER);
    if (err) return err;
    b->there = true;
    b->text = json_span(c->j, v);
    exact_read(&b->value, b->text);
    return 0;
}

#define BOUND(function, member)                                                                     \
    static int function(struct schema_compile *c, struct schema_node *n, const struct json_node *v) \
    {                                                                                               \
        return read_bound(c, v, &number_of(c, n)->member);                                          \
    }
BOUND(read_minimum, least)
BOUND(read_maximum, most)
BOUND(read_above, above)
BOUND(read_below, below)

static int read_multiple(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    struct schema_bound *b = &number_of(c, n)->multiple;
    int err = read_bound(c, v, b);
    if (err) return err;
    if (b->value.minus || b->value.digits.len == 0) return schema_refuse(c, v, "multipleOf must be above 0");
    if (exact_count(&b->value) > EXACT_DIVISOR)
        return schema_refuse(c, v, "multipleOf must have at most %d digits", EXACT_DIVISOR);
    return 0;
}

static int read_pattern(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    struct err why;
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    if (pattern_compile(&text_of(c, n)->pattern, c->a, schema_string(c, v), &why))
        return schema_refuse(c, v, "this is not a regular expression: %s", why.text);
    return 0;
}

static int read_format(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    struct str name = schema_string(c, v);
    text_of(c, n)->format = format_find(name);
    if (n->text->format) return 0;
    const char *near = format_nearest(name);
    return schema_refuse(c, v, "the format \"%.*s\" is not known here%s%s%s", (int)(name.len > 60 ? 60 : name.len), name.p,
                         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

const struct schema_keyword schema_keywords_values[] = {
    {"type", read_type},
    {"enum", read_enum},
    {"const", read_const},
    {"default", read_default},
    {"minLength", read_min_length},
    {"maxLength", read_max_length},
    {"pattern", read_pattern},
    {"format", read_format},
    {"minimum", read_minimum},
    {"maximum", read_maximum},
    {"exclusiveMinimum", read_above},
    {"exclusiveMaximum", read_below},
    {"multipleOf", read_multiple},
    {"minItems", read_min_items},
    {"maxItems", read_max_items},
    {"uniqueItems", read_unique},
    {"minContains", read_min_contains},
    {"maxContains", read_max_contains},
    {"minProperties", read_min_properties},
    {"maxProperties", read_max_properties},
    {NULL, NULL},
};
