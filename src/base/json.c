/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a parsed text: walking the flat array of nodes, finding members, turning spans into values. Parsing itself is
 * in json_parse.c. For {"a":[1,2],"b":"x"} the array is
 *
 *     0 object count 2 skip 5 | 1 "a" array count 2 skip 3 | 2 number | 3 number | 4 "b" string
 *
 * so a subtree is a run, and stepping over it is one addition. A closed value is a run of one.
 */
#include "base/json.h"
#include "base/json_unescape.h"
#include "base/text.h"
#include <stdlib.h>

#define KEPT_NODES 32768 /* 1 MiB: more than that is not kept for the next text */

void json_init(struct json *j) { *j = (struct json){0}; }

void json_trim(struct json *j)
{
    j->text = STR_NONE;
    j->n = 0;
    if (j->cap <= KEPT_NODES) return;
    free(j->nodes);
    j->nodes = NULL;
    j->cap = 0;
}

void json_release(struct json *j)
{
    free(j->nodes);
    json_init(j);
}

const struct json_node *json_root(const struct json *j) { return j->n ? j->nodes : NULL; }

static bool has_children(const struct json_node *v)
{
    return v && (v->kind == JSON_OBJECT || v->kind == JSON_ARRAY) && v->count > 0;
}

const struct json_node *json_first(const struct json_node *parent) { return has_children(parent) ? parent + 1 : NULL; }

const struct json_node *json_next(const struct json_node *parent, const struct json_node *child)
{
    const struct json_node *next = child + child->skip;
    return next < parent + parent->skip ? next : NULL;
}

const struct json_node *json_member(const struct json *j, const struct json_node *object, struct str key)
{
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (const struct json_node *v = json_first(object); v; v = json_next(object, v))
        if (json_key_is(j, v, key)) return v;
    return NULL;
}

struct str json_span(const struct json *j, const struct json_node *v)
{
    return (struct str){j->text.p + v->start, v->len};
}

struct str json_key(const struct json *j, const struct json_node *v)
{
    return (struct str){j->text.p + v->key_start, v->key_len};
}

bool json_key_is(const struct json *j, const struct json_node *v, struct str key)
{
    struct str raw = json_key(j, v);
    if (!v->key_escaped) return str_eq(raw, key);
    return raw.len > key.len && json_unescape_is(raw, key);
}

void json_add_key(const struct json *j, const struct json_node *v, struct buf *b)
{
    if (v->key_escaped) json_unescape_add(b, json_key(j, v));
    else buf_add_str(b, json_key(j, v));
}

static struct str inside_quotes(const struct json *j, const struct json_node *v)
{
    return (struct str){j->text.p + v->start + 1, v->len - 2};
}

void json_add_string(const struct json *j, const struct json_node *v, struct buf *b)
{
    if (v->kind != JSON_STRING) return;
    if (v->escaped) json_unescape_add(b, inside_quotes(j, v));
    else buf_add_str(b, inside_quotes(j, v));
}

struct str json_string(const struct json *j, const struct json_node *v, struct buf *scratch)
{
    if (!v || v->kind != JSON_STRING) return STR_NONE;
    if (!v->escaped) return inside_quotes(j, v);
    size_t from = scratch->len;
    json_unescape_add(scratch, inside_quotes(j, v));
    return str_sub(buf_str(scratch), from, scratch->len);
}

/* Splits a valid number at its exponent; the exponent saturates. */
static struct str take_exponent(struct str number, int64_t *ret_exponent)
{
    *ret_exponent = 0;
    for (size_t i = 0; i < number.len; i++) {
        if (number.p[i] != 'e' && number.p[i] != 'E') continue;
        struct str exponent = str_sub(number, i + 1, number.len);
        bool minus = exponent.p[0] == '-';
        if (exponent.p[0] == '+') exponent = str_sub(exponent, 1, exponent.len);
        if (text_int(ret_exponent, exponent)) *ret_exponent = minus ? INT64_MIN / 2 : INT64_MAX / 2;
        return str_sub(number, 0, i);
    }
    return number;
}

/* value * 10^by - digit, on a value kept negative. */
static bool shift(int64_t *value, int64_t by, int digit)
{
    for (; by > 0 && *value != 0; by--)
        if (__builtin_mul_overflow(*value, 10, value)) return false;
    return !__builtin_sub_overflow(*value, digit, value);
}

/* Exact, in decimal: the digits without trailing zeros are the value, all zeros and the point go into the exponent. */
int json_int(const struct json *j, const struct json_node *v, int64_t *ret_value)
{
    if (!v || v->kind != JSON_NUMBER) return ERR_INVALID;
    int64_t exponent, value = 0, zeros = 0, after_point = 0;
    bool past_point = false;
    struct str digits = take_exponent(json_span(j, v), &exponent);
    bool minus = digits.p[0] == '-';
    for (size_t i = minus; i < digits.len; i++) {
        char c = digits.p[i];
        if (c == '.') {
            past_point = true;
            continue;
        }
        after_point += past_point;
        zeros++;
        if (c == '0') continue;
        if (!shift(&value, zeros, c - '0')) return ERR_INVALID;
        zeros = 0;
    }
    if (value != 0) {
        if (exponent < -(INT64_MAX / 4) || exponent > INT64_MAX / 4) return ERR_INVALID;
        exponent += zeros - after_point;
        if (exponent < 0 || !shift(&value, exponent, 0)) return ERR_INVALID;
        if (!minus && value == INT64_MIN) return ERR_INVALID;
    }
    *ret_value = minus ? value : -value;
    return 0;
}

int json_double(const struct json *j, const struct json_node *v, double *ret_value)
{
    if (!v || v->kind != JSON_NUMBER) return ERR_INVALID;
    return text_double(ret_value, json_span(j, v));
}

const char *json_kind_name(enum json_kind k)
{
    switch (k) {
    case JSON_NULL: return "null";
    case JSON_FALSE:
    case JSON_TRUE: return "a boolean";
    case JSON_NUMBER: return "a number";
    case JSON_STRING: return "a string";
    case JSON_ARRAY: return "an array";
    case JSON_OBJECT: return "an object";
    }
    return "?";
}
