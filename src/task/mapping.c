/* SPDX-License-Identifier: Apache-2.0
 *
 * See mapping.h. A source outside `item` means the same all the time, so it is looked for once, however often an `each`
 * comes by: else a body with many members could make the work quadratic.
 */
#include "task/mapping.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>

#define CONST STR("const")
#define ITEM STR("item")
#define SHOWN 80 /* bytes of a text in an error */

struct place {
    const struct json *j;
    const struct json_node *node; /* NULL: nothing is there */
};

struct found {
    bool looked;
    struct place place;
};

struct making {
    struct json template;
    const struct mapping_root *roots;
    size_t n;
    bool any_size;
    struct json *parsed;  /* of each root, when it was needed */
    struct found *found;  /* of each node of the template */
    struct buf scratch;
    struct buf *out;
    struct err *e;
};

/* ---- forms ---- */

static const struct json_node *each_of(const struct json *j, const struct json_node *v, const struct json_node **ret_as)
{
    if (v->kind != JSON_OBJECT || v->count != 2) return NULL;
    *ret_as = json_member(j, v, STR("as"));
    return *ret_as ? json_member(j, v, STR("each")) : NULL;
}

static const struct json_node *first_of(const struct json *j, const struct json_node *v)
{
    if (v->kind != JSON_OBJECT || v->count != 1) return NULL;
    const struct json_node *first = json_member(j, v, STR("first"));
    return first && first->kind == JSON_ARRAY ? first : NULL;
}

/* {"as_number": ..} or {"as_text": ..}: what it holds, NULL when it is neither. */
static const struct json_node *cast_of(const struct json *j, const struct json_node *v, bool *ret_number)
{
    if (v->kind != JSON_OBJECT || v->count != 1) return NULL;
    const struct json_node *number = json_member(j, v, STR("as_number")), *text = json_member(j, v, STR("as_text"));
    *ret_number = number != NULL;
    return number ? number : text;
}

/* ---- making ---- */

static int make(struct making *m, const struct json_node *v, const struct place *item);

static struct place step(struct place at, struct str name)
{
    struct place next = {at.j, NULL};
    if (!at.node) return next;
    if (at.node->kind != JSON_ARRAY) {
        next.node = json_member(at.j, at.node, name);
        return next;
    }
    size_t place = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] < '0' || name.p[i] > '9' || place > at.node->count) return next;
        place = place * 10 + (size_t)(name.p[i] - '0');
    }
    next.node = json_first(at.node);
    while (next.node && place-- > 0) next.node = json_next(at.node, next.node);
    return next;
}

static struct place walk(struct place at, struct str path)
{
    while (path.len) at = step(at, str_cut(&path, '.'));
    return at;
}

const struct json_node *mapping_look(const struct json *j, struct str path)
{
    return walk((struct place){j, json_root(j)}, path).node;
}

static int root_place(struct making *m, struct str name, struct place *ret)
{
    *ret = (struct place){NULL, NULL};
    for (size_t i = 0; i < m->n; i++) {
        struct json *j = &m->parsed[i];
        if (!str_eq(m->roots[i].name, name)) continue;
        if (!m->roots[i].json.p) return 0;
        if (!j->n) {
            j->envelope = LIMIT_JSON_ENVELOPE;
            j->any_size = m->any_size;
            int err = json_parse(j, m->roots[i].json, m->e);
            if (err) return err;
        }
        *ret = (struct place){j, json_root(j)};
        return 0;
    }
    return 0;
}

/* Where the source leads that the node says. */
static int look(struct making *m, const struct json_node *v, struct str path, const struct place *item, struct place *ret)
{
    struct str name = str_cut(&path, '.');
    struct found *kept = &m->found[v - m->template.nodes];
    if (item && str_eq(name, ITEM)) {
        *ret = walk(*item, path);
        return 0;
    }
    if (!kept->looked) {
        int err = root_place(m, name, &kept->place);
        if (err) return err;
        kept->place = walk(kept->place, path);
        kept->looked = true;
    }
    *ret = kept->place;
    return 0;
}

static int make_text(struct making *m, const struct json_node *v, const struct place *item)
{
    buf_clear(&m->scratch);
    struct str text = json_string(&m->template, v, &m->scratch), rest = text;
    struct place at;
    if (str_eq(str_cut(&rest, '.'), CONST)) {
        json_write_str(m->out, rest);
        return 0;
    }
    int err = look(m, v, text, item, &at);
    if (err) return err;
    if (at.node) json_write_raw(m->out, json_span(at.j, at.node));
    else json_write_null(m->out);
    return 0;
}

static int make_each(struct making *m, const struct json_node *each, const struct json_node *as, const struct place *item)
{
    struct place list;
    buf_clear(&m->scratch);
    int err = look(m, each, json_string(&m->template, each, &m->scratch), item, &list);
    if (err) return err;
    bool is_list = list.node && list.node->kind == JSON_ARRAY;
    json_write_open(m->out, '[');
    for (const struct json_node *v = is_list ? json_first(list.node) : NULL; v && !err; v = json_next(list.node, v))
        err = make(m, as, &(struct place){list.j, v});
    json_write_close(m->out, ']');
    return err;
}

/* What was made and is null is taken back. */
static int make_first(struct making *m, const struct json_node *list, const struct place *item)
{
    size_t before = m->out->len;
    bool null = true;
    for (const struct json_node *v = json_first(list); v && null; v = json_next(list, v)) {
        int err = make(m, v, item);
        if (err) return err;
        struct str made = str_sub(buf_str(m->out), before, m->out->len);
        null = str_eq(made, STR("null")) || str_eq(made, STR(",null"));
        if (null) m->out->len = before;
    }
    if (null) json_write_null(m->out);
    return 0;
}

static bool is_number(struct str text)
{
    struct json j;
    struct err unused;
    json_init(&j);
    bool is = text.len && text.len < 64 && json_parse(&j, text, &unused) == 0 && json_root(&j)->kind == JSON_NUMBER;
    json_release(&j);
    return is && text.p[0] != ' ' && text.p[text.len - 1] != ' ';
}

/* What was made is replaced by what it stands for. */
static int make_cast(struct making *m, const struct json_node *v, bool number, const struct place *item)
{
    size_t before = m->out->len;
    int err = make(m, v, item);
    if (err || buf_err(m->out)) return err;
    struct str made = str_sub(buf_str(m->out), before, m->out->len);
    if (made.p[0] == ',') made = str_sub(made, 1, made.len);
    bool quoted = made.p[0] == '"';
    if (number ? is_number(made) : quoted) return 0;
    char kept[64];
    struct str inner = quoted ? str_sub(made, 1, made.len - 2) : made;
    bool good = inner.len < sizeof kept && (number ? is_number(inner) : is_number(inner) || made.p[0] == 't' || made.p[0] == 'f');
    if (good) memcpy(kept, inner.p, inner.len);
    m->out->len = before;
    if (!good) json_write_null(m->out);
    else if (number) json_write_raw(m->out, (struct str){kept, inner.len});
    else json_write_str(m->out, (struct str){kept, inner.len});
    return 0;
}

static int make_members(struct making *m, const struct json_node *v, const struct place *item)
{
    bool object = v->kind == JSON_OBJECT;
    int err = 0;
    json_write_open(m->out, object ? '{' : '[');
    for (const struct json_node *child = json_first(v); child && !err; child = json_next(v, child)) {
        buf_clear(&m->scratch);
        if (object) {
            json_add_key(&m->template, child, &m->scratch);
            json_write_key_str(m->out, buf_str(&m->scratch));
        }
        err = make(m, child, item);
    }
    json_write_close(m->out, object ? '}' : ']');
    return err;
}

static int make(struct making *m, const struct json_node *v, const struct place *item)
{
    const struct json_node *as = NULL, *each = each_of(&m->template, v, &as), *first = first_of(&m->template, v);
    int err = buf_err(m->out);
    if (err) return err_set(m->e, err, "what the mapping makes is larger than %zu bytes", m->out->max);
    if (each) return make_each(m, each, as, item);
    if (first) return make_first(m, first, item);
    bool number = false;
    const struct json_node *cast = cast_of(&m->template, v, &number);
    if (cast && cast->kind == JSON_STRING) return make_cast(m, cast, number, item);
    if (v->kind == JSON_OBJECT || v->kind == JSON_ARRAY) return make_members(m, v, item);
    if (v->kind == JSON_STRING) return make_text(m, v, item);
    json_write_raw(m->out, json_span(&m->template, v));
    return 0;
}

static void release(struct making *m)
{
    for (size_t i = 0; i < m->n; i++) json_release(&m->parsed[i]);
    free(m->parsed);
    free(m->found);
    buf_release(&m->scratch);
    json_release(&m->template);
}

static int make_all(struct str template, const struct mapping_root *roots, size_t n, bool any_size, struct buf *out,
                    struct err *e)
{
    struct making m = {.roots = roots, .n = n, .any_size = any_size, .out = out, .e = e};
    buf_init(&m.scratch, template.len + 1);
    json_init(&m.template);
    int err = json_parse(&m.template, template, e);
    m.parsed = mem_new((n + 1) * sizeof *m.parsed);
    m.found = mem_new((m.template.n + 1) * sizeof *m.found);
    if (!err) err = make(&m, json_root(&m.template), NULL);
    if (!err && buf_err(out)) err = err_set(e, buf_err(out), "what the mapping makes is larger than %zu bytes", out->max);
    release(&m);
    return err;
}

int mapping_make(struct str template, const struct mapping_root *roots, size_t n, struct buf *out, struct err *e)
{
    return make_all(template, roots, n, false, out, e);
}

int mapping_make_any(struct str template, const struct mapping_root *roots, size_t n, struct buf *out, struct err *e)
{
    return make_all(template, roots, n, true, out, e);
}

/* ---- checking ---- */

struct checking {
    struct json j;
    const char *const *roots; /* NULL: all are good */
    struct buf scratch;
    struct err *e;
    void (*f)(void *user, struct str source); /* may be NULL */
    void *user;
};

static bool is_root(const struct checking *c, struct str name, bool in_each)
{
    if (in_each && str_eq(name, ITEM)) return true;
    for (const char *const *r = c->roots; r && *r; r++)
        if (str_eq(name, str_of(*r))) return true;
    return c->roots == NULL;
}

static int refuse_root(const struct checking *c, struct str text, bool in_each)
{
    struct buf list;
    buf_init(&list, LIMIT_CONFIG);
    for (const char *const *r = c->roots; *r; r++) buf_add_format(&list, "%s., ", *r);
    int err = err_set(c->e, ERR_INVALID, "\"%.*s\" names no source; a source begins with one of %.*s%sconst. (which is text)",
                      STR_ARG(str_sub(text, 0, SHOWN)), STR_ARG(buf_str(&list)), in_each ? "item., " : "");
    buf_release(&list);
    return err;
}

static int check_text(struct checking *c, const struct json_node *v, bool in_each)
{
    buf_clear(&c->scratch);
    struct str text = json_string(&c->j, v, &c->scratch), rest = text, name = str_cut(&rest, '.');
    if (str_eq(name, CONST) && name.len < text.len) return 0;
    if (!is_root(c, name, in_each)) return refuse_root(c, text, in_each);
    bool dotted = name.len < text.len, empty = dotted && rest.len == 0;
    while (rest.len && !empty) {
        bool more = str_find(rest, '.') < rest.len;
        empty = str_cut(&rest, '.').len == 0 || (more && rest.len == 0);
    }
    if (empty)
        return err_set(c->e, ERR_INVALID, "\"%.*s\" has a name without a letter in it", STR_ARG(str_sub(text, 0, SHOWN)));
    if (c->f) c->f(c->user, text);
    return 0;
}

static int check(struct checking *c, const struct json_node *v, bool in_each)
{
    const struct json_node *as = NULL, *each = each_of(&c->j, v, &as);
    if (each && each->kind != JSON_STRING)
        return err_set(c->e, ERR_INVALID, "\"each\" names the source of a list, it is not %s", json_kind_name(each->kind));
    int err = each ? check_text(c, each, in_each) : 0;
    if (each) return err ? err : check(c, as, true);
    if (v->kind == JSON_STRING) return check_text(c, v, in_each);
    for (const struct json_node *child = json_first(v); child && !err; child = json_next(v, child))
        err = check(c, child, in_each);
    return err;
}

static int check_all(struct checking *c, struct str template)
{
    json_init(&c->j);
    buf_init(&c->scratch, template.len + 1);
    int err = json_parse(&c->j, template, c->e);
    if (!err) err = check(c, json_root(&c->j), false);
    buf_release(&c->scratch);
    json_release(&c->j);
    return err;
}

int mapping_check(struct str template, const char *const *roots, struct err *e)
{
    return check_all(&(struct checking){.roots = roots, .e = e}, template);
}

void mapping_sources(struct str template, void (*f)(void *user, struct str source), void *user)
{
    struct err unused;
    (void)check_all(&(struct checking){.e = &unused, .f = f, .user = user}, template);
}
