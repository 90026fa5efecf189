/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows from a schema and all that it refers to, found once: the types that it leaves, and its default.
 */
#include "schema/schema_inside.h"

/* The kinds of the values of const and enum. */
static uint8_t types_of_words(const struct json *j, const struct json_node *words)
{
    uint8_t types = 0;
    for (const struct json_node *v = json_first(words); v; v = json_next(words, v))
        for (uint8_t type = 1; type < 128; type = (uint8_t)(type * 2))
            if (schema_type_fits(type, j, v)) types |= type;
    return types;
}

static uint8_t any_of(const struct schema_list *list)
{
    uint8_t types = list->n ? 0 : 127;
    for (size_t i = 0; i < list->n; i++) types |= list->items[i]->takes;
    return types;
}

/* What may be there, of enum schema_type, numbers as both kinds. */
static uint8_t types_of(const struct schema *s, const struct schema_node *n)
{
    uint8_t types = n->types & TYPE_NUMBER ? n->types | TYPE_INTEGER : n->types;
    if (n->words) types &= types_of_words(&s->j, n->words);
    for (uint8_t type = 1; n->only && type < 128; type = (uint8_t)(type * 2))
        if (!schema_type_fits(type, &s->j, n->only)) types &= (uint8_t)~type;
    if (n->ref) types &= n->ref->takes;
    for (size_t i = 0; i < n->all.n; i++) types &= n->all.items[i]->takes;
    types &= any_of(&n->any);
    return types & any_of(&n->one);
}

static const struct json_node *default_of(const struct schema_node *n)
{
    const struct json_node *found = n->initial;
    if (!found && n->ref) found = n->ref->filled;
    for (size_t i = 0; i < n->all.n && !found; i++) found = n->all.items[i]->filled;
    return found;
}

void schema_conclude(const struct schema *s, struct schema_node *n)
{
    n->takes = types_of(s, n);
    n->filled = default_of(n);
}
