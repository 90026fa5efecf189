/* SPDX-License-Identifier: Apache-2.0
 *
 * A source is a mapping of its own: what it makes is compared.
 */
#include "task/chain.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"

/* ---- checking ---- */

static int check_source(struct str name, const char *const *roots, struct err *e)
{
    struct buf text;
    buf_init(&text, 6 * name.len + 2);
    json_write_str(&text, name);
    int err = mapping_check(buf_str(&text), roots, e);
    buf_release(&text);
    return err;
}

static bool is_plain(const struct json_node *v) { return v->kind != JSON_OBJECT && v->kind != JSON_ARRAY; }

static int check_value(const struct json_node *v, struct err *e)
{
    bool plain = v->kind != JSON_OBJECT;
    for (const struct json_node *one = v->kind == JSON_ARRAY ? json_first(v) : NULL; one; one = json_next(v, one))
        plain = plain && is_plain(one);
    return plain ? 0 : err_set(e, ERR_INVALID, "what a source is compared with is a text, a number, true, false or null, or a list of such");
}

static int check_pairs(const struct json *j, const char *const *roots, struct err *e)
{
    const struct json_node *root = json_root(j);
    struct buf key;
    int err = root->count ? 0 : err_set(e, ERR_INVALID, "it compares nothing");
    buf_init(&key, LIMIT_CONFIG);
    for (const struct json_node *v = json_first(root); v && !err; v = json_next(root, v)) {
        buf_clear(&key);
        json_add_key(j, v, &key);
        err = check_source(buf_str(&key), roots, e);
        if (!err) err = check_value(v, e);
    }
    buf_release(&key);
    return err;
}

int chain_check(struct str when, const char *const *roots, struct err *e)
{
    struct json j;
    json_init(&j);
    int err = json_parse(&j, when, e);
    if (!err && json_root(&j)->kind == JSON_STRING) err = mapping_check(when, roots, e);
    else if (!err && json_root(&j)->kind == JSON_OBJECT) err = check_pairs(&j, roots, e);
    else if (!err) err = err_set(e, ERR_INVALID, "a condition is a source (input.summarize), or a map of sources and what they must be");
    json_release(&j);
    return err;
}

/* ---- asking ---- */

struct asking {
    const struct mapping_root *roots;
    size_t n;
    struct buf value; /* what the source makes, JSON text */
    struct err *e;
};

static int make(struct asking *a, struct str template)
{
    buf_clear(&a->value);
    return mapping_make(template, a->roots, a->n, &a->value, a->e);
}

static bool is_true(const struct json *j)
{
    const struct json_node *v = json_root(j);
    double number;
    if (v->kind == JSON_NUMBER) return json_double(j, v, &number) != 0 || number != 0; /* too large is not 0 */
    if (v->kind == JSON_STRING) return json_span(j, v).len > 2;
    return v->kind != JSON_NULL && v->kind != JSON_FALSE;
}

static bool same_text(const struct json *left, const struct json_node *a, const struct json *right, const struct json_node *b)
{
    struct buf one, two;
    buf_init(&one, LIMIT_INPUT);
    buf_init(&two, LIMIT_INPUT);
    json_add_string(left, a, &one);
    json_add_string(right, b, &two);
    bool is = str_eq(buf_str(&one), buf_str(&two));
    buf_release(&one);
    buf_release(&two);
    return is;
}

/* `a` is plain. Numbers that are too large for a double are the same as they are written. */
static bool same(const struct json *left, const struct json_node *a, const struct json *right, const struct json_node *b)
{
    double x, y;
    if (a->kind != b->kind) return false;
    if (a->kind == JSON_STRING) return same_text(left, a, right, b);
    if (a->kind != JSON_NUMBER) return true;
    bool small = json_double(left, a, &x) == 0, both = json_double(right, b, &y) == 0 && small;
    return both ? x == y : str_eq(json_span(left, a), json_span(right, b));
}

static bool is_one_of(const struct json *j, const struct json_node *wanted, const struct json *value)
{
    if (wanted->kind != JSON_ARRAY) return same(j, wanted, value, json_root(value));
    for (const struct json_node *one = json_first(wanted); one; one = json_next(wanted, one))
        if (same(j, one, value, json_root(value))) return true;
    return false;
}

static int all_are(struct asking *a, const struct json *j, bool *ret)
{
    const struct json_node *root = json_root(j);
    struct buf key;
    int err = 0;
    buf_init(&key, 6 * LIMIT_CONFIG);
    *ret = true;
    for (const struct json_node *v = json_first(root); v && *ret && !err; v = json_next(root, v)) {
        struct json value;
        json_init(&value);
        buf_clear(&key);
        buf_add_text(&key, "\"");
        buf_add_format(&key, "%.*s", STR_ARG(json_key(j, v))); /* as it is written: a JSON text again */
        buf_add_text(&key, "\"");
        err = make(a, buf_str(&key));
        if (!err) err = json_parse(&value, buf_str(&a->value), a->e);
        if (!err) *ret = is_one_of(j, v, &value);
        json_release(&value);
    }
    buf_release(&key);
    return err;
}

static int holds(struct asking *a, struct str when, bool *ret)
{
    struct json j, value;
    json_init(&j);
    json_init(&value);
    int err = json_parse(&j, when, a->e);
    if (!err && json_root(&j)->kind == JSON_OBJECT) {
        err = all_are(a, &j, ret);
    } else if (!err) {
        err = make(a, when);
        if (!err) err = json_parse(&value, buf_str(&a->value), a->e);
        if (!err) *ret = is_true(&value);
    }
    json_release(&value);
    json_release(&j);
    return err;
}

int chain_holds(struct str when, const struct mapping_root *roots, size_t n, bool *ret, struct err *e)
{
    struct asking a = {.roots = roots, .n = n, .e = e};
    buf_init(&a.value, LIMIT_INPUT);
    int err = holds(&a, when, ret);
    buf_release(&a.value);
    return err;
}
