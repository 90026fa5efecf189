/* SPDX-License-Identifier: Apache-2.0
 *
 * Names and references: $ref, $defs, $anchor, $id. A reference stays in its document. One that leads back to itself without a
 * step into the instance would never end, and is refused; so is a chain of more than SCHEMA_IN_PLACE, because checking recurses.
 */
#include "schema/schema_inside.h"

static int read_nothing(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)c, (void)n, (void)v;
    return 0;
}

static int read_refused(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)n;
    return schema_refuse(c, v, "the keyword %s is not supported", c->keyword);
}

static int read_old(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)n;
    return schema_refuse(c, v, "%s is of an older draft; since 2020-12 it is %s", c->keyword,
                         str_eq(str_of(c->keyword), STR("additionalItems")) ? "items, beside prefixItems"
                                                                             : "dependentRequired or dependentSchemas");
}

static int read_text(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    (void)n;
    return schema_expect(c, v, JSON_STRING);
}

static int read_defs(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    const struct schema_node *unused;
    int err = schema_expect(c, v, JSON_OBJECT);
    (void)n;
    for (const struct json_node *m = err ? NULL : json_first(v); m && !err; m = json_next(v, m))
        err = schema_subschema(c, m, &unused);
    return err;
}

static int read_id(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    if (n->at != json_root(c->j)) return schema_refuse(c, v, "$id is supported at the root only");
    struct str fragment = schema_string(c, v);
    c->id = str_cut(&fragment, '#');
    return 0;
}

static int read_anchor(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    struct schema_anchor *anchor = arena_alloc(c->a, sizeof *anchor);
    *anchor = (struct schema_anchor){schema_string(c, v), n->at, c->anchors};
    for (const struct schema_anchor *other = c->anchors; other; other = other->next)
        if (str_eq(other->name, anchor->name)) return schema_refuse(c, v, "this $anchor is there twice");
    c->anchors = anchor;
    return 0;
}

static int read_ref(struct schema_compile *c, struct schema_node *n, const struct json_node *v)
{
    int err = schema_expect(c, v, JSON_STRING);
    if (err) return err;
    struct schema_ref *ref = arena_alloc(c->a, sizeof *ref);
    *ref = (struct schema_ref){n, v, c->refs};
    c->refs = ref;
    return 0;
}

const struct schema_keyword schema_keywords_core[] = {
    {"$ref", read_ref},
    {"$defs", read_defs},
    {"definitions", read_defs},
    {"$anchor", read_anchor},
    {"$id", read_id},
    {"$schema", read_text},
    {"$comment", read_text},
    {"title", read_text},
    {"description", read_text},
    {"examples", read_nothing},
    {"example", read_nothing},
    {"deprecated", read_nothing},
    {"readOnly", read_nothing},
    {"writeOnly", read_nothing},
    {"contentEncoding", read_nothing},
    {"contentMediaType", read_nothing},
    {"contentSchema", read_nothing},
    {"discriminator", read_nothing},
    {"unevaluatedItems", read_refused},
    {"unevaluatedProperties", read_refused},
    {"$dynamicRef", read_refused},
    {"$dynamicAnchor", read_refused},
    {"$recursiveRef", read_refused},
    {"$recursiveAnchor", read_refused},
    {"$vocabulary", read_refused},
    {"additionalItems", read_old},
    {"dependencies", read_old},
    {NULL, NULL},
};

static int hex_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Without %XX; a % that is none stays. */
static struct str without_percents(struct arena *a, struct str s)
{
    char *text = arena_alloc(a, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool escape = s.p[i] == '%' && i + 2 < s.len && hex_of(s.p[i + 1]) >= 0 && hex_of(s.p[i + 2]) >= 0;
        text[n++] = escape ? (char)(hex_of(s.p[i + 1]) * 16 + hex_of(s.p[i + 2])) : s.p[i];
        if (escape) i += 2;
    }
    return (struct str){text, n};
}

/* ~1 is a slash, ~0 a tilde. */
static struct str step_name(struct arena *a, struct str step)
{
    char *text = arena_alloc(a, step.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < step.len; i++) {
        bool escape = step.p[i] == '~' && i + 1 < step.len;
        if (escape) i++;
        text[n++] = !escape ? step.p[i] : step.p[i] == '1' ? '/' : '~';
    }
    return (struct str){text, n};
}

static const struct json_node *element(const struct json_node *array, struct str place)
{
    size_t n = 0;
    if (place.len == 0 || place.len > 9) return NULL;
    for (size_t i = 0; i < place.len; i++) {
        if (place.p[i] < '0' || place.p[i] > '9') return NULL;
        n = n * 10 + (size_t)(place.p[i] - '0');
    }
    const struct json_node *v = json_first(array);
    while (v && n-- > 0) v = json_next(array, v);
    return v;
}

/* NULL: it leads nowhere. */
static const struct json_node *follow(struct schema_compile *c, struct str fragment)
{
    const struct json_node *v = json_root(c->j);
    if (fragment.len && fragment.p[0] != '/') {
        for (const struct schema_anchor *anchor = c->anchors; anchor; anchor = anchor->next)
            if (str_eq(anchor->name, fragment)) return anchor->at;
        return NULL;
    }
    while (fragment.len && v) {
        fragment = str_sub(fragment, 1, fragment.len); /* the slash */
        size_t end = str_find(fragment, '/');
        struct str step = step_name(c->a, str_sub(fragment, 0, end));
        fragment = str_sub(fragment, end, fragment.len);
        v = v->kind == JSON_ARRAY ? element(v, step) : json_member(c->j, v, step);
    }
    return v;
}

static int join(struct schema_compile *c, const struct schema_ref *ref)
{
    struct str fragment = schema_string(c, ref->to), document = str_cut(&fragment, '#'), shown = schema_string(c, ref->to);
    int len = (int)(shown.len > 200 ? 200 : shown.len);
    if (document.len && !(c->id.p && str_eq(document, c->id)))
        return schema_refuse(c, ref->to, "\"%.*s\" is in another document, which is not supported", len, shown.p);
    const struct json_node *to = follow(c, without_percents(c->a, fragment));
    if (!to) return schema_refuse(c, ref->to, "\"%.*s\" leads nowhere", len, shown.p);
    ref->from->ref = c->made[to - c->j->nodes];
    return ref->from->ref ? 0 : schema_refuse(c, ref->to, "\"%.*s\" does not lead to a schema", len, shown.p);
}

static int measure(struct schema_compile *c, const struct schema_node *node, int level);

static int measure_next(struct schema_compile *c, struct schema_node *n, const struct schema_node *next, int level)
{
    int err = next ? measure(c, next, level + 1) : 0;
    if (!err && next && n->in_place <= next->in_place) n->in_place = (uint8_t)(next->in_place + 1);
    return err;
}

static int measure_list(struct schema_compile *c, struct schema_node *n, const struct schema_list *list, int level)
{
    int err = 0;
    for (size_t i = 0; i < list->n && !err; i++) err = measure_next(c, n, list->items[i], level);
    return err;
}

/* How many schemas in a row look at the same value, from this one on. */
static int measure(struct schema_compile *c, const struct schema_node *node, int level)
{
    struct schema_node *n = c->made[node->at - c->j->nodes];
    if (n->open) return schema_refuse(c, n->at, "$ref leads back here without an end");
    if (level + n->in_place > SCHEMA_IN_PLACE)
        return schema_refuse(c, n->at, "more than %d schemas lead from one to the next", SCHEMA_IN_PLACE);
    if (n->in_place) return 0;
    n->open = true;
    int err = measure_next(c, n, n->ref, level);
    if (!err) err = measure_list(c, n, &n->all, level);
    if (!err) err = measure_list(c, n, &n->any, level);
    if (!err) err = measure_list(c, n, &n->one, level);
    if (!err) err = measure_next(c, n, n->not_this, level);
    if (!err) err = measure_next(c, n, n->when, level);
    if (!err) err = measure_next(c, n, n->then, level);
    if (!err) err = measure_next(c, n, n->otherwise, level);
    for (size_t i = 0; n->object && i < n->object->n_dependents && !err; i++)
        err = measure_next(c, n, n->object->dependents[i].schema, level);
    n->open = false;
    if (!n->in_place) n->in_place = 1;
    if (!err) schema_conclude(c->s, n);
    return err;
}

int schema_resolve(struct schema_compile *c)
{
    int err = 0;
    for (const struct schema_ref *ref = c->refs; ref && !err; ref = ref->next) err = join(c, ref);
    for (const struct schema_node *n = c->s->newest; n && !err; n = n->older) err = measure(c, n, 0);
    return err;
}
