/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling templates in. A template is recognised whole, from its brace to its brace, or not at all.
 */
#include "handler/template.h"
#include "base/text.h"
#include <stdio.h>

#define INPUT "input"

/* The words between the braces at the beginning of s; false: no template begins here. */
static bool template_at(struct str s, struct str *ret_words)
{
    if (s.len == 0 || s.p[0] != '{') return false;
    size_t end = str_find(s, '}');
    struct str words = str_sub(s, 1, end - 1);
    if (end == s.len) return false;
    *ret_words = words;
    return str_eq(words, STR("id")) || str_eq(words, STR("attempt")) || str_eq(words, STR("dir")) ||
           str_eq(words, STR("remote.id")) || str_eq(words, STR(INPUT)) || (str_starts(words, STR(INPUT ".")) && words.len > sizeof INPUT);
}

bool template_needs_input(const char *argument)
{
    struct str words, s = str_of(argument);
    for (size_t i = 0; i < s.len; i++)
        if (template_at(str_sub(s, i, s.len - i), &words) && str_starts(words, STR(INPUT))) return true;
    return false;
}

static const struct json_node *step_into(const struct json *input, const struct json_node *at, struct str name)
{
    int64_t index;
    if (at->kind != JSON_ARRAY) return json_member(input, at, name);
    if (text_int(&index, name) != 0 || index < 0) return NULL;
    const struct json_node *v = json_first(at);
    while (v && index-- > 0) v = json_next(at, v);
    return v;
}

void template_add_compact(struct buf *b, struct str text)
{
    bool inside = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        if (c == '"') inside = !inside;
        if (inside || (c != ' ' && c != '\t' && c != '\n' && c != '\r')) buf_add_char(b, c);
        if (inside && c == '\\') buf_add_char(b, text.p[++i]); /* whatever it escapes; the text is valid JSON */
    }
}

int template_find(const struct json *input, struct str words, const struct json_node **ret, char pointer[TEMPLATE_POINTER],
                  struct err *e)
{
    struct str path = words;
    pointer[0] = '\0';
    const struct json_node *at = json_root(input);
    str_cut(&path, '.');
    for (bool more = str_find(words, '.') < words.len; more;) {
        size_t end = strlen(pointer);
        struct str name = str_sub(path, 0, str_find(path, '.'));
        more = name.len < path.len;
        path = str_sub(path, name.len + 1, path.len);
        snprintf(pointer + end, TEMPLATE_POINTER - end, "/%.*s", STR_ARG(name));
        at = step_into(input, at, name);
        if (!at)
            return err_set_at(e, ERR_INVALID, pointer, "{%.*s}: the input has no member \"%.*s\"", STR_ARG(words),
                              STR_ARG(name));
    }
    *ret = at;
    return 0;
}

static int add_input(struct buf *b, struct str words, const struct json *input, struct err *e)
{
    char pointer[TEMPLATE_POINTER];
    const struct json_node *at = json_root(input);
    int rc = template_find(input, words, &at, pointer, e);
    if (rc != 0) return rc;
    size_t before = b->len;
    if (at->kind == JSON_STRING)
        json_add_string(input, at, b);
    else
        template_add_compact(b, json_span(input, at));
    if (!buf_err(b) && b->len > before && memchr(b->p + before, '\0', b->len - before))
        return err_set_at(e, ERR_INVALID, pointer, "{%.*s}: an argument cannot have a NUL character in it", STR_ARG(words));
    return 0;
}

static int add_value(struct buf *b, struct str words, const struct attempt *a, const struct json *input,
                     struct str remote_id, struct err *e)
{
    if (str_starts(words, STR(INPUT))) return add_input(b, words, input, e);
    if (str_eq(words, STR("id"))) {
        char id[ID_TEXT];
        id_format(&a->task->id, id);
        buf_add_text(b, id);
    } else if (str_eq(words, STR("remote.id"))) {
        if (remote_id.len) buf_add_str(b, remote_id);
        else buf_add_text(b, "{remote.id}");
    } else if (str_eq(words, STR("attempt"))) {
        buf_add_format(b, "%d", (int)a->number);
    } else {
        buf_add_text(b, a->dir);
    }
    return 0;
}

int template_fill(const char *argument, const struct attempt *a, const struct json *input, struct str remote_id,
                  struct arena *arena, const char **ret, struct err *e)
{
    int rc = 0;
    struct str words, rest = str_of(argument);
    struct buf filled;
    buf_init(&filled, TEMPLATE_ARGUMENT_MAX);
    while (rest.len && rc == 0) {
        size_t took = 1;
        if (template_at(rest, &words)) {
            rc = add_value(&filled, words, a, input, remote_id, e);
            took = words.len + 2;
        } else {
            buf_add_char(&filled, rest.p[0]);
        }
        rest = str_sub(rest, took, rest.len - took);
    }
    if (rc == 0 && buf_err(&filled))
        rc = err_set(e, ERR_TOO_BIG, "the argument %.64s is longer than %d bytes, which no program can be given: it is to read its input from stdin",
                     argument, TEMPLATE_ARGUMENT_MAX);
    if (rc == 0) *ret = arena_text(arena, buf_str(&filled));
    buf_release(&filled);
    return rc;
}

int template_fill_command(const char *const *command, const struct attempt *a, struct str remote_id, struct arena *arena,
                          const char *const **ret, struct err *e)
{
    size_t n = 0;
    int rc = 0;
    bool needs_input = false;
    struct json input;
    for (; command[n]; n++) needs_input |= template_needs_input(command[n]);
    const char **argv = arena_alloc(arena, (n + 1) * sizeof *argv);
    json_init(&input);
    if (needs_input) rc = json_parse(&input, a->task->input.len ? a->task->input : STR("{}"), e);
    for (size_t i = 0; i < n && rc == 0; i++) rc = template_fill(command[i], a, &input, remote_id, arena, &argv[i], e);
    json_release(&input);
    *ret = argv;
    return rc;
}
