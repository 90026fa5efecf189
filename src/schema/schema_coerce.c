/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a form. What a property takes is looked for through all that is said about it in the schema; a keyword that says
 * nothing of types takes them all, and then a text stays a text.
 */
#include "base/json_write.h"
#include "schema/schema_inside.h"

#define LOOK_STEPS 10000 /* schemas that are asked about one field */

static bool is_json(struct str text, enum json_kind kind)
{
    struct json j;
    json_init(&j);
    j.root_only = true;
    bool good = json_parse(&j, text, NULL) == 0 && json_root(&j)->kind == kind;
    json_release(&j);
    return good;
}

static void add_value(struct buf *b, uint8_t types, struct str text)
{
    struct str trimmed = str_trim(text);
    bool raw = !(types & TYPE_STRING) &&
               (((types & TYPE_BOOLEAN) && (is_json(trimmed, JSON_TRUE) || is_json(trimmed, JSON_FALSE))) ||
                ((types & (TYPE_NUMBER | TYPE_INTEGER)) && is_json(trimmed, JSON_NUMBER)) ||
                ((types & TYPE_NULL) && is_json(trimmed, JSON_NULL)) || ((types & TYPE_ARRAY) && is_json(trimmed, JSON_ARRAY)) ||
                ((types & TYPE_OBJECT) && is_json(trimmed, JSON_OBJECT)));
    if (raw) json_write_raw(b, trimmed);
    else if ((types & TYPE_NULL) && !(types & TYPE_STRING) && trimmed.len == 0) json_write_null(b);
    else json_write_str(b, text);
}

/* What is said of a property, or of the items of an array: of the schema itself, or of what it refers to. */
static const struct schema_node *property_of(const struct schema_node *n, struct str name, struct steps *steps)
{
    if (!steps_take(steps, 1)) return NULL;
    const struct schema_node *found = n->object ? schema_property(n->object, name) : NULL;
    if (!found && n->ref) found = property_of(n->ref, name, steps);
    for (size_t i = 0; i < n->all.n && !found; i++) found = property_of(n->all.items[i], name, steps);
    for (size_t i = 0; i < n->any.n && !found; i++) found = property_of(n->any.items[i], name, steps);
    for (size_t i = 0; i < n->one.n && !found; i++) found = property_of(n->one.items[i], name, steps);
    return found;
}

static const struct schema_node *items_of(const struct schema_node *n, struct steps *steps)
{
    if (!steps_take(steps, 1)) return NULL;
    const struct schema_node *found = n->array ? n->array->items : NULL;
    if (!found && n->ref) found = items_of(n->ref, steps);
    for (size_t i = 0; i < n->all.n && !found; i++) found = items_of(n->all.items[i], steps);
    for (size_t i = 0; i < n->any.n && !found; i++) found = items_of(n->any.items[i], steps);
    for (size_t i = 0; i < n->one.n && !found; i++) found = items_of(n->one.items[i], steps);
    return found;
}

static bool is_first(const struct schema_field *fields, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (str_eq(fields[i].name, fields[at].name)) return false;
    return true;
}

static void add_field(const struct schema *s, const struct schema_field *fields, size_t n, size_t at, struct buf *b)
{
    struct steps steps = {LOOK_STEPS};
    const struct schema_node *property = property_of(s->root, fields[at].name, &steps);
    const struct schema_node *items = property ? items_of(property, &steps) : NULL;
    uint8_t types = property ? property->takes : TYPE_STRING, item_types = items ? items->takes : TYPE_STRING;
    size_t same = 0;
    for (size_t i = at; i < n; i++) same += str_eq(fields[i].name, fields[at].name);
    bool only_array = (types & TYPE_ARRAY) && !(types & ~(TYPE_ARRAY | TYPE_NULL));
    json_write_key_str(b, fields[at].name);
    if (same == 1 && !(only_array && !is_json(str_trim(fields[at].text), JSON_ARRAY) && str_trim(fields[at].text).len)) {
        add_value(b, types, fields[at].text);
        return;
    }
    json_write_open(b, '[');
    for (size_t i = at; i < n; i++)
        if (str_eq(fields[i].name, fields[at].name)) add_value(b, item_types, fields[i].text);
    json_write_close(b, ']');
}

void schema_coerce(const struct schema *s, const struct schema_field *fields, size_t n, struct buf *b)
{
    json_write_open(b, '{');
    for (size_t i = 0; i < n; i++)
        if (is_first(fields, i)) add_field(s, fields, n, i, b);
    json_write_close(b, '}');
}
