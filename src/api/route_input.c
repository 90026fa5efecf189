/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_input.h. Fields are told by their names: of `fields`, a member that is a source of the form with nothing around
 * it has all the values of that name, any other its one text.
 */
#include "api/route_input.h"

#include "api/route_call.h"
#include "base/text.h"

struct fields {
    struct schema_field *all;
    size_t n, cap;
};

static void add(struct call *c, struct fields *f, struct str name, struct str text)
{
    if (f->n == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 64;
        struct schema_field *all = arena_alloc(&c->req->arena, cap * sizeof *all);
        if (f->n) memcpy(all, f->all, f->n * sizeof *all);
        f->all = all;
        f->cap = cap;
    }
    f->all[f->n++] = (struct schema_field){name, text};
}

/* All values of the form's `source`, under `name`. */
static void add_named(struct call *c, struct fields *f, struct str source, struct str name)
{
    const struct route_call *t = c->through;
    for (size_t i = 0; i < t->n_pairs; i++)
        if (str_eq(t->pairs[i].name, source)) add(c, f, name, t->pairs[i].value);
}

static int take(struct call *c, struct buf *b, struct str *ret)
{
    int err = buf_err(b);
    if (err) call_refuse(c, err, "the form would be larger than %zu bytes as JSON", b->max);
    else *ret = arena_str(&c->req->arena, buf_str(b));
    buf_release(b);
    return err;
}

static int coerce(struct call *c, const struct schema *s, const struct fields *f, struct str *ret)
{
    struct buf b;
    buf_init(&b, LIMIT_INPUT);
    schema_coerce(s, f->all, f->n, &b);
    return take(c, &b, ret);
}

static int coerce_form(struct call *c, const struct schema *s, struct str *ret)
{
    const struct route_call *t = c->through;
    struct fields f = {0};
    for (size_t i = 0; i < t->n_pairs; i++) add(c, &f, t->pairs[i].name, t->pairs[i].value);
    return coerce(c, s, &f, ret);
}

/* ---- the route's own ---- */

int route_input_check(struct call *c)
{
    struct route_call *t = c->through;
    struct err e = {0};
    if (!t->schema) return 0;
    bool form = t->form.p != NULL;
    int err = form ? coerce_form(c, t->schema, &t->form) : 0;
    if (err) return err;
    struct str *body = form ? &t->form : &t->body;
    if (!body->p) *body = STR("{}");
    t->pointed = true;
    err = schema_apply(t->schema, body, "", form ? "the form" : "the body", &c->req->arena, &e);
    if (err) call_problem(c, &e);
    t->pointed = false;
    return err;
}

/* ---- the type's ---- */

static int find_schema(struct call *c, const struct schema **ret)
{
    const struct route_call *t = c->through;
    const struct config *config = c->api->server->conf.config;
    struct str name = str_sub(str_of(t->value), 1, strlen(t->value) - 2);
    int err = config_routes_is_source(t->value) ? route_call_text(c, config_routes_word(t->verb), t->value, &name) : 0;
    const struct config_type *type = !err && name.p && text_is_name(name) ? config_type_find(config, name) : NULL;
    *ret = type ? type->schema : NULL;
    return err;
}

/* What the form's fields are of what `fields` made: of each of its members that is a text, its values. */
static void collect(struct call *c, struct fields *f, const struct json *made, const struct json *template)
{
    struct arena *a = &c->req->arena;
    struct buf text;
    buf_init(&text, LIMIT_INPUT);
    const struct json_node *root = json_root(made);
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
        if (v->kind != JSON_STRING) continue;
        buf_clear(&text);
        json_add_key(made, v, &text);
        struct str name = arena_str(a, buf_str(&text));
        const struct json_node *source = json_member(template, json_root(template), name);
        struct str said = source && source->kind == JSON_STRING ? json_span(template, source) : STR_NONE;
        size_t before = f->n;
        if (str_starts(said, STR("\"form."))) add_named(c, f, str_sub(said, 6, said.len - 7), name);
        if (f->n > before) continue;
        buf_clear(&text);
        add(c, f, name, arena_str(a, json_string(made, v, &text)));
    }
    buf_release(&text);
}

/* The members that were texts as `coerced` has them, the others as they were. */
static void merge(struct buf *b, const struct json *made, const struct json *coerced)
{
    struct buf name;
    const struct json_node *root = json_root(made);
    buf_init(&name, LIMIT_INPUT);
    json_write_open(b, '{');
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
        buf_clear(&name);
        json_add_key(made, v, &name);
        const struct json_node *other = v->kind == JSON_STRING ? json_member(coerced, json_root(coerced), buf_str(&name)) : NULL;
        json_write_key_str(b, buf_str(&name));
        json_write_raw(b, other ? json_span(coerced, other) : json_span(made, v));
    }
    json_write_close(b, '}');
    buf_release(&name);
}

/* `coerced` is the caller's to release. */
static int put_in(struct call *c, const struct json *made, struct json *coerced, struct str texts, struct str *input)
{
    struct err e = {0};
    struct buf b;
    int err = json_parse(coerced, texts, &e);
    if (err) {
        call_problem(c, &e);
        return err;
    }
    buf_init(&b, LIMIT_INPUT);
    merge(&b, made, coerced);
    return take(c, &b, input);
}

static int coerce_members(struct call *c, const struct schema *s, struct str *input)
{
    struct json made, template, coerced;
    struct fields f = {0};
    struct err e = {0};
    struct str texts;
    json_init(&made);
    json_init(&template);
    json_init(&coerced);
    int err = json_parse(&made, *input, &e);
    if (!err) err = json_parse(&template, str_of(c->through->conf.fields), &e);
    if (err) {
        call_problem(c, &e);
    } else if (json_root(&made)->kind == JSON_OBJECT && json_root(&template)->kind == JSON_OBJECT) {
        collect(c, &f, &made, &template);
        err = coerce(c, s, &f, &texts);
        if (!err) err = put_in(c, &made, &coerced, texts, input);
    }
    json_release(&made);
    json_release(&template);
    json_release(&coerced);
    return err;
}

int route_input_coerce(struct call *c, struct str *input)
{
    const struct route_call *t = c->through;
    const struct schema *s;
    if (!t->form.p || t->schema) return 0;
    int err = find_schema(c, &s);
    if (err || !s) return err;
    return t->conf.fields ? coerce_members(c, s, input) : coerce_form(c, s, input);
}
