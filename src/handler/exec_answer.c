/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers of commands.
 */
#include "handler/exec_answer.h"
#include "base/text.h"

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static struct str trimmed(struct str s)
{
    while (s.len && is_blank(s.p[s.len - 1])) s.len--;
    while (s.len && is_blank(s.p[0])) s = str_sub(s, 1, s.len);
    return s;
}

void exec_answer_init(struct exec_answer *a, struct str text)
{
    *a = (struct exec_answer){.text = trimmed(text)};
    json_init(&a->json);
    a->is_json = json_parse(&a->json, text, &a->err) == 0;
}

void exec_answer_release(struct exec_answer *a) { json_release(&a->json); }

/* ~1 is a slash, ~0 a tilde. */
static struct str unescaped(struct str token, struct arena *arena)
{
    char *to = arena_alloc(arena, token.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < token.len; i++) {
        bool escape = token.p[i] == '~' && i + 1 < token.len && (token.p[i + 1] == '0' || token.p[i + 1] == '1');
        if (escape) i++;
        to[n++] = !escape ? token.p[i] : token.p[i] == '0' ? '~' : '/';
    }
    return (struct str){to, n};
}

static const struct json_node *step(const struct json *j, const struct json_node *at, struct str token)
{
    int64_t index;
    if (at->kind != JSON_ARRAY) return json_member(j, at, token);
    if (text_int(&index, token) != 0 || index < 0) return NULL;
    const struct json_node *v = json_first(at);
    while (v && index-- > 0) v = json_next(at, v);
    return v;
}

static const struct json_node *find(const struct exec_answer *a, const char *pointer, struct arena *arena)
{
    if (!a->is_json || !pointer) return NULL;
    const struct json_node *at = json_root(&a->json);
    struct str rest = str_of(pointer);
    if (rest.len) str_cut(&rest, '/'); /* what is before the first one: nothing */
    for (bool more = pointer[0] != '\0'; more && at;) {
        size_t end = str_find(rest, '/');
        more = end < rest.len;
        at = step(&a->json, at, unescaped(str_sub(rest, 0, end), arena));
        rest = str_sub(rest, more ? end + 1 : end, rest.len);
    }
    return at;
}

struct str exec_answer_text(const struct exec_answer *a, const char *pointer, struct arena *arena)
{
    if (!a->is_json) return pointer && pointer[0] == '\0' ? a->text : STR("");
    const struct json_node *v = find(a, pointer, arena);
    if (!v || v->kind == JSON_NULL) return STR("");
    if (v->kind != JSON_STRING) return arena_str(arena, json_span(&a->json, v));
    struct buf text;
    buf_init(&text, v->len);
    json_add_string(&a->json, v, &text);
    struct str copy = arena_str(arena, buf_str(&text));
    buf_release(&text);
    return copy;
}

struct str exec_answer_json(const struct exec_answer *a, const char *pointer)
{
    struct arena arena = {0};
    const struct json_node *v = find(a, pointer, &arena);
    arena_release(&arena);
    return v ? json_span(&a->json, v) : STR_NONE;
}

double exec_answer_number(const struct exec_answer *a, const char *pointer)
{
    double value;
    struct arena arena = {0};
    const struct json_node *v = find(a, pointer, &arena);
    bool has = v && v->kind == JSON_NUMBER && json_double(&a->json, v, &value) == 0 && value >= 0;
    arena_release(&arena);
    return has ? value : -1;
}
