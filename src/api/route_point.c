/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_point.h. The pointer is followed through the mapping until there is a source; what is left of it goes on
 * behind the source's own path.
 */
#include "api/route_point.h"

#include "api/route_call.h"

/* The mapping that a member of the submit was made by; NULL: none, it is the body itself, or the route's own. */
static const char *mapping_of(const struct config_route *r, struct str member)
{
    const struct {
        const char *name, *mapping;
    } rows[] = {{"input", r->fields}, {"subject", r->subject},     {"priority", r->priority}, {"tags", r->tags},
                {"key", r->key},      {"limit_key", r->limit_key}, {"type", r->submit ? r->submit : r->run}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq(member, str_of(rows[i].name))) return rows[i].mapping;
    return NULL;
}

static struct str next_part(struct str *rest)
{
    *rest = str_sub(*rest, 1, rest->len);
    size_t len = str_find(*rest, '/');
    struct str part = str_sub(*rest, 0, len);
    *rest = str_sub(*rest, len, rest->len);
    return part;
}

/* Without what turns a text into a number and the like. */
static const struct json_node *inner(const struct json *j, const struct json_node *v)
{
    while (v && v->kind == JSON_OBJECT && v->count == 1) {
        const struct json_node *number = json_member(j, v, STR("number")), *text = json_member(j, v, STR("text"));
        if (!number && !text) break;
        v = number ? number : text;
    }
    return v;
}

/* `source` without its root, then `rest`. */
static void set(struct err *e, struct str source, struct str rest)
{
    char pointer[sizeof e->pointer];
    struct str path = source, root = str_cut(&path, '.');
    bool said = false;
    for (const char *const *r = (const char *const[]){"body", "form", "query", "path", NULL}; *r; r++)
        said = said || str_eq(root, str_of(*r));
    if (!said) return;
    size_t n = 0;
    while (path.len) {
        struct str name = str_cut(&path, '.');
        if (n + name.len + 2 > sizeof pointer) return;
        pointer[n++] = '/';
        memcpy(pointer + n, name.p, name.len);
        n += name.len;
    }
    if (n + rest.len + 1 > sizeof pointer) return;
    memcpy(pointer + n, rest.p, rest.len);
    pointer[n + rest.len] = 0;
    memcpy(e->pointer, pointer, sizeof pointer);
}

static void point(const struct call *c, struct err *e)
{
    char pointer[sizeof e->pointer];
    memcpy(pointer, e->pointer, sizeof pointer);
    struct str rest = str_of(pointer);
    if (rest.len == 0 || rest.p[0] != '/') return;
    struct str member = next_part(&rest);
    const char *mapping = mapping_of(&c->through->conf, member);
    if (!mapping) {
        if (str_eq(member, STR("input"))) set(e, STR("body"), rest);
        return;
    }
    struct json j;
    struct buf text;
    json_init(&j);
    buf_init(&text, LIMIT_CONFIG);
    const struct json_node *v = json_parse(&j, str_of(mapping), NULL) == 0 ? inner(&j, json_root(&j)) : NULL;
    while (v && v->kind == JSON_OBJECT && rest.len) v = inner(&j, json_member(&j, v, next_part(&rest)));
    if (v && v->kind == JSON_STRING) set(e, json_string(&j, v, &text), rest);
    buf_release(&text);
    json_release(&j);
}

/* The errors behind the first. */
static void point_more(const struct call *c, struct err *e)
{
    struct arena *a = &c->req->arena;
    struct json j;
    struct buf b, text;
    buf_init(&b, LIMIT_BODY);
    buf_init(&text, LIMIT_BODY);
    json_init(&j);
    int err = json_parse(&j, arena_format(a, "[%s]", e->more), NULL);
    const struct json_node *root = err ? NULL : json_root(&j);
    for (const struct json_node *v = root ? json_first(root) : NULL; v; v = json_next(root, v)) {
        struct err one = {0};
        buf_clear(&text);
        struct str pointer = json_string(&j, json_member(&j, v, STR("pointer")), &text);
        memcpy(one.pointer, pointer.p, pointer.len < sizeof one.pointer ? pointer.len : 0);
        point(c, &one);
        json_write_open(&b, '{');
        json_write_member_text(&b, "pointer", one.pointer);
        json_write_member_raw(&b, "detail", json_span(&j, json_member(&j, v, STR("detail"))));
        json_write_close(&b, '}');
    }
    if (b.len && !buf_err(&b)) e->more = arena_text(a, buf_str(&b));
    buf_release(&text);
    buf_release(&b);
    json_release(&j);
}

void route_point(const struct call *c, struct err *e)
{
    if (c->through->pointed) return;
    if (e->more) point_more(c, e);
    point(c, e);
}
