/* SPDX-License-Identifier: Apache-2.0
 *
 * Names are compared as sent; what is shown of them is cut to fit.
 */
#include "api/members.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdio.h>

#define MEMBERS_MOST 48 /* rows of a table */

/* `prefix` and the member's name as a JSON pointer (RFC 6901 section 3), cut to fit; the name itself in *ret_name. */
static void point(const struct members *m, const char *prefix, const struct json_node *v, char pointer[128], struct str *ret_name)
{
    struct buf name;
    buf_init(&name, LIMIT_INPUT);
    json_add_key(m->j, v, &name);
    *ret_name = arena_str(m->arena, buf_str(&name));
    buf_release(&name);
    size_t n = (size_t)snprintf(pointer, 100, "%s/", prefix);
    for (size_t i = 0; i < ret_name->len && n < 124; i++) {
        char c = ret_name->p[i];
        if (c == '~' || c == '/') pointer[n++] = '~';
        pointer[n++] = c == '~' ? '0' : c == '/' ? '1' : c;
    }
    pointer[n] = 0;
}

static int unknown(const struct members *m, const struct member *table, const struct json_node *v, const char *prefix)
{
    const char *names[MEMBERS_MOST + 1] = {NULL};
    for (size_t i = 0; i < MEMBERS_MOST && table[i].name; i++) names[i] = table[i].name;
    struct str key;
    char pointer[128];
    point(m, prefix, v, pointer, &key);
    const char *near = text_nearest(key, names);
    return err_set_at(m->e, ERR_UNKNOWN_FIELD, pointer, "the field \"%.*s\" is not known here%s%s%s",
                      (int)(key.len > 100 ? 100 : key.len), key.p, near ? "; did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
}

/* The names of our tables need no escapes. */
static void point_at(char pointer[128], const char *prefix, const char *name)
{
    size_t n = strlen(prefix);
    str_copy(pointer, 128, str_of(prefix));
    if (n < 127) pointer[n++] = '/';
    if (n < 127) str_copy(pointer + n, 128 - n, str_of(name));
}

int members_read(const struct members *m, const struct member *table, const struct json_node *node, const char *prefix, void *to)
{
    for (const struct json_node *v = json_first(node); v; v = json_next(node, v)) {
        size_t i = 0;
        while (table[i].name && !json_key_is(m->j, v, str_of(table[i].name))) i++;
        if (!table[i].name) return unknown(m, table, v, prefix);
        char pointer[128];
        point_at(pointer, prefix, table[i].name);
        int err = table[i].read(m, to, v, pointer);
        if (err) return err;
    }
    return 0;
}

int members_expected(const struct members *m, const struct json_node *v, const char *pointer, const char *what)
{
    return err_set_at(m->e, ERR_INVALID, pointer, "%s must be %s, not %s", pointer + 1, what, json_kind_name(v->kind));
}

int members_int(const struct members *m, const struct json_node *v, const char *pointer, int64_t low, int64_t high, int64_t *ret)
{
    if (v->kind != JSON_NUMBER) return members_expected(m, v, pointer, "a whole number");
    if (json_int(m->j, v, ret) != 0 || *ret < low || *ret > high)
        return err_set_at(m->e, ERR_INVALID, pointer, "%s must be a whole number from %lld to %lld", pointer + 1,
                          (long long)low, (long long)high);
    return 0;
}

int members_bool(const struct members *m, const struct json_node *v, const char *pointer, bool *ret)
{
    if (v->kind != JSON_TRUE && v->kind != JSON_FALSE) return members_expected(m, v, pointer, "true or false");
    *ret = v->kind == JSON_TRUE;
    return 0;
}

int members_text(const struct members *m, const struct json_node *v, const char *pointer, size_t max, struct str *ret)
{
    if (v->kind != JSON_STRING) return members_expected(m, v, pointer, "a string");
    struct buf unescaped;
    buf_init(&unescaped, v->len); /* as sent: escapes are longer than what they stand for */
    struct str text = json_string(m->j, v, &unescaped);
    bool too_long = buf_err(&unescaped) || text.len > max;
    *ret = arena_str(m->arena, text);
    buf_release(&unescaped);
    if (too_long) return err_set_at(m->e, ERR_INVALID, pointer, "%s must be at most %zu bytes long", pointer + 1, max);
    if (memchr(ret->p, 0, ret->len))
        return err_set_at(m->e, ERR_INVALID, pointer, "%s must not contain a NUL character", pointer + 1);
    return 0;
}

int members_key(const struct members *m, const struct json_node *v, const char *pointer, struct str *ret)
{
    if (v->kind == JSON_NULL) return 0;
    int err = members_text(m, v, pointer, LIMIT_NAME, ret);
    if (err || ret->len > 0) return err;
    return err_set_at(m->e, ERR_INVALID, pointer, "%s must be 1 to %d bytes long; leave it out for none", pointer + 1, LIMIT_NAME);
}

int members_positive(const struct members *m, const struct json_node *v, const char *pointer, double high, double *ret)
{
    double value;
    if (v->kind != JSON_NUMBER) return members_expected(m, v, pointer, "a number");
    if (json_double(m->j, v, &value) != 0 || !(value > 0) || value > high)
        return err_set_at(m->e, ERR_INVALID, pointer, "%s must be a number above 0, at most %g", pointer + 1, high);
    *ret = value;
    return 0;
}

int members_time(const struct members *m, const struct json_node *v, const char *pointer, int64_t *ret_ms)
{
    struct str s = STR_NONE;
    int err = members_text(m, v, pointer, 64, &s);
    if (err) return err;
    if (text_time(ret_ms, s) == 0 && *ret_ms > 0) return 0;
    return err_set_at(m->e, ERR_INVALID, pointer, "%s must be a time like 2026-11-21T20:00:00Z (RFC 3339)", pointer + 1);
}

/* One member of a tags object: its name, and whether that is a name. */
static int tag_name(const struct members *m, const char *pointer, const struct json_node *one, char at[128], struct str *ret)
{
    point(m, pointer, one, at, ret);
    if (ret->len > 0 && ret->len <= LIMIT_TAG_KEY) return 0;
    return err_set_at(m->e, ERR_INVALID, at, "a tag's name must be 1 to %d bytes long", LIMIT_TAG_KEY);
}

int members_tag_changes(const struct members *m, const struct json_node *v, const char *pointer, struct task_tag *tags,
                       bool *gone, size_t *ret_n)
{
    size_t n = 0;
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one), n++) {
        char at[128];
        int err = tag_name(m, pointer, one, at, &tags[n].key);
        gone[n] = one->kind == JSON_NULL;
        if (!err && !gone[n]) err = members_text(m, one, at, LIMIT_TAG_VALUE, &tags[n].value);
        if (err) return err;
    }
    *ret_n = n;
    return 0;
}

int members_tags(const struct members *m, const struct json_node *v, const char *pointer, const struct task_tag **ret, size_t *ret_n)
{
    if (v->kind != JSON_OBJECT) return members_expected(m, v, pointer, "an object of strings");
    if (v->count > LIMIT_TAGS) return err_set_at(m->e, ERR_INVALID, pointer, "%s must be at most %d", pointer + 1, LIMIT_TAGS);
    struct task_tag *tags = arena_alloc(m->arena, (v->count ? v->count : 1) * sizeof *tags);
    size_t n = 0;
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        char at[128];
        int err = tag_name(m, pointer, one, at, &tags[n].key);
        if (!err) err = members_text(m, one, at, LIMIT_TAG_VALUE, &tags[n].value);
        if (err) return err;
        n++;
    }
    *ret = tags;
    *ret_n = n;
    return 0;
}
