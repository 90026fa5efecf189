/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as a JSON text. What is accepted must hold together: every span lies in its parent's and in
 * the text, every sibling and member is reached once, every string unescapes to valid UTF-8 no longer than it was,
 * every member is found by its key, numbers read or are refused, and the text written again from the nodes is accepted
 * and has as many nodes. What is refused must say why.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json j, second;
    struct err e = {0};
    json_init(&j);
    if (json_parse(&j, (struct str){(const char *)data, size}, &e)) {
        must(e.code == ERR_SYNTAX && e.text[0] && !json_root(&j));
        json_release(&j);
        return 0;
    }
    struct buf scratch, again;
    buf_init(&scratch, size + 1);
    buf_init(&again, 6 * size + 100);
    const struct json_node *root = json_root(&j);
    must(root->start + root->len <= size);
    must(walk(&j, root, &scratch, &again) == j.n && buf_err(&again) == 0);
    json_init(&second);
    must(json_parse(&second, buf_str(&again), &e) == 0 && second.n == j.n);
    json_release(&second);
    json_release(&j);
    buf_release(&scratch);
    buf_release(&again);
    return 0;
}
