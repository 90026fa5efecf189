/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as a JSON text. What is accepted must hold together: every span lies in its parent's and in
 * the text, every sibling and member is reached once, every string unescapes to valid UTF-8 no longer than it was,
 * every member is found by its key, numbers read or are refused, and the text written again from the nodes is accepted
 * and has as many nodes. What is refused must say why. Closed, be it as the root or as a member, the same text is
 * accepted or refused as it is when open, and what is around it stays as it was.
 */
#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "base/text.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) abort();
}

static void check_text_of(struct str raw, const struct buf *text)
{
    must(buf_err(text) == 0 && text->len <= raw.len);
    must(text_utf8_valid(buf_str(text)) == text->len);
}

static void check_key(const struct json *j, const struct json_node *object, const struct json_node *v,
                      struct buf *scratch)
{
    struct str raw = json_key(j, v);
    must(raw.p > j->text.p && raw.p[-1] == '"' && raw.p[raw.len] == '"');
    must(v->key_start > object->start && v->key_start + v->key_len < v->start);
    buf_clear(scratch);
    json_add_key(j, v, scratch);
    check_text_of(raw, scratch);
    must(json_key_is(j, v, buf_str(scratch)));
    if (object->count <= 50) must(json_member(j, object, buf_str(scratch)) == v); /* else quadratic */
}

static void check_value(const struct json *j, const struct json_node *v, struct buf *scratch)
{
    struct str span = json_span(j, v);
    int64_t integer;
    double real;
    bool is_int = json_int(j, v, &integer) == 0, is_real = json_double(j, v, &real) == 0;
    if (is_int) must(is_real && real >= -9.3e18 && real <= 9.3e18);
    buf_clear(scratch);
    switch (v->kind) {
    case JSON_NULL: must(str_eq(span, STR("null"))); break;
    case JSON_FALSE: must(str_eq(span, STR("false"))); break;
    case JSON_TRUE: must(str_eq(span, STR("true"))); break;
    case JSON_NUMBER: must(span.p[0] == '-' || (span.p[0] >= '0' && span.p[0] <= '9')); break;
    case JSON_ARRAY: must(span.p[0] == '[' && span.p[span.len - 1] == ']'); break;
    case JSON_OBJECT: must(span.p[0] == '{' && span.p[span.len - 1] == '}'); break;
    case JSON_STRING:
        must(span.len >= 2 && span.p[0] == '"' && span.p[span.len - 1] == '"');
        json_add_string(j, v, scratch);
        check_text_of(span, scratch);
        break;
    }
}

/* Depth is limited by the parser, so this may recurse. Returns the nodes seen. */
static uint32_t walk(const struct json *j, const struct json_node *v, struct buf *scratch, struct buf *again)
{
    uint32_t seen = 1, children = 0;
    check_value(j, v, scratch);
    if (v->kind == JSON_STRING) {
        json_write_str(again, buf_str(scratch));
    } else if (v->kind != JSON_ARRAY && v->kind != JSON_OBJECT) {
        json_write_raw(again, json_span(j, v));
    } else {
        json_write_open(again, v->kind == JSON_ARRAY ? '[' : '{');
        size_t end = v->start + 1;
        for (const struct json_node *c = json_first(v); c; c = json_next(v, c), children++) {
            must(c->start >= end && c->start + c->len < v->start + v->len);
            end = c->start + c->len;
            if (v->kind == JSON_OBJECT) {
                check_key(j, v, c, scratch);
                json_write_key_str(again, buf_str(scratch));
            } else {
                must(c->key_start == 0 && c->key_len == 0);
            }
            seen += walk(j, c, scratch, again);
        }
        json_write_close(again, v->kind == JSON_ARRAY ? ']' : '}');
    }
    must(v->count == children && v->skip == seen);
    return seen;
}

/* But for what is in it. */
static bool same_node(const struct json_node *a, const struct json_node *b)
{
    return a->kind == b->kind && a->escaped == b->escaped && a->key_escaped == b->key_escaped && a->start == b->start &&
           a->len == b->len && a->key_start == b->key_start && a->key_len == b->key_len;
}

static bool is_closed(const struct json_node *v) { return v->count == 0 && v->skip == 1; }

static void check_closed_root(struct str text, int rc, const struct err *e, const struct json_node *root)
{
    struct json j;
    struct err closed_e = {0};
    json_init(&j);
    j.root_only = true;
    must(json_parse(&j, text, &closed_e) == rc);
    if (rc) {
        must(strcmp(e->text, closed_e.text) == 0 && strcmp(e->pointer, closed_e.pointer) == 0);
    } else {
        must(j.n == 1 && same_node(json_root(&j), root) && is_closed(json_root(&j)));
    }
    json_release(&j);
}

/* The first member closed: its siblings are the same, one by one. */
static void check_closed_member(const struct json *open, struct buf *name)
{
    const struct json_node *root = json_root(open), *first = json_first(root);
    if (!first || root->kind != JSON_OBJECT) return;
    struct json j;
    json_init(&j);
    buf_clear(name);
    json_add_key(open, first, name);
    j.closed = name->p ? buf_str(name) : STR("");
    must(json_parse(&j, open->text, NULL) == 0);
    const struct json_node *v = json_root(&j) + 1, *rest = first + first->skip;
    must(j.n == open->n - first->skip + 1 && json_root(&j)->count == root->count && json_root(&j)->skip == j.n);
    must(same_node(v, first) && is_closed(v));
    for (uint32_t i = 0; i < j.n - 2; i++)
        must(same_node(v + 1 + i, rest + i) && v[1 + i].count == rest[i].count && v[1 + i].skip == rest[i].skip);
    json_release(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json j, second;
    struct err e = {0};
    struct str text = {(const char *)data, size};
    json_init(&j);
    if (json_parse(&j, text, &e)) {
        must(e.code == ERR_SYNTAX && e.text[0] && !json_root(&j));
        check_closed_root(text, e.code, &e, NULL);
        json_release(&j);
        return 0;
    }
    struct buf scratch, again;
    buf_init(&scratch, size + 1);
    buf_init(&again, 6 * size + 100);
    const struct json_node *root = json_root(&j);
    must(root->start + root->len <= size);
    must(walk(&j, root, &scratch, &again) == j.n && buf_err(&again) == 0);
    check_closed_root(text, 0, &e, root);
    check_closed_member(&j, &scratch);
    json_init(&second);
    must(json_parse(&second, buf_str(&again), &e) == 0 && second.n == j.n);
    json_release(&second);
    json_release(&j);
    buf_release(&scratch);
    buf_release(&again);
    return 0;
}
