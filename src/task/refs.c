/* SPDX-License-Identifier: Apache-2.0
 *
 * In a valid text a quote in front of file: begins a string when no backslash is before it: one that ends a string is
 * followed by punctuation, one inside a string has the backslash. What follows tells a name from a value.
 */
#include "task/refs.h"

#include "base/limits.h"

#include <stdio.h>

#define MARK "\"file:"
#define REF (sizeof MARK - 1 + ID_TEXT - 1 + 1)

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool is_ref(struct str json, size_t at, struct id *ret)
{
    if (json.len - at < REF || json.p[at + REF - 1] != '"' || (at > 0 && json.p[at - 1] == '\\')) return false;
    if (id_parse(ret, str_sub(json, at + sizeof MARK - 1, ID_TEXT - 1)) != 0) return false;
    size_t next = at + REF;
    while (next < json.len && is_blank(json.p[next])) next++;
    return next == json.len || json.p[next] != ':';
}

bool refs_next(struct str json, size_t *at, struct ref *ret)
{
    for (;;) {
        const char *found = *at < json.len ? memmem(json.p + *at, json.len - *at, MARK, sizeof MARK - 1) : NULL;
        if (!found) return false;
        size_t here = (size_t)(found - json.p);
        *at = here + 1;
        if (!is_ref(json, here, &ret->file)) continue;
        *at = here + REF;
        ret->at = here;
        ret->len = REF;
        return true;
    }
}

/* ---- the pointer: a walk from the start ---- */

struct level {
    bool object, named; /* named: `name` is that of the member under way */
    size_t index;
    struct str name;
};

static size_t string_end(struct str json, size_t at)
{
    for (at++; at < json.len && json.p[at] != '"'; at++)
        if (json.p[at] == '\\') at++;
    return at + 1;
}

static void write_pointer(const struct level *levels, size_t n, const char *base, char pointer[REFS_POINTER])
{
    size_t len = (size_t)snprintf(pointer, REFS_POINTER, "%s", base);
    for (size_t i = 0; i < n && len < REFS_POINTER - 1; i++) {
        if (!levels[i].object) {
            len += (size_t)snprintf(pointer + len, REFS_POINTER - len, "/%zu", levels[i].index);
            continue;
        }
        pointer[len++] = '/';
        for (size_t k = 0; k < levels[i].name.len && len < REFS_POINTER - 2; k++) {
            char c = levels[i].name.p[k];
            if (c == '~' || c == '/') pointer[len++] = '~';
            pointer[len++] = (char)(c == '~' ? '0' : c == '/' ? '1' : c);
        }
        pointer[len] = '\0';
    }
}

void refs_pointer(struct str json, size_t at, const char *base, char pointer[REFS_POINTER])
{
    struct level levels[LIMIT_JSON_DEPTH + 1];
    size_t n = 0;
    for (size_t i = 0; i < at && i < json.len;) {
        char c = json.p[i];
        if ((c == '{' || c == '[') && n <= LIMIT_JSON_DEPTH) levels[n++] = (struct level){.object = c == '{'};
        if ((c == '}' || c == ']') && n > 0) n--;
        if (c == ',' && n > 0) levels[n - 1].index++, levels[n - 1].named = false;
        size_t end = c == '"' ? string_end(json, i) : i + 1;
        if (c == '"' && n > 0 && levels[n - 1].object && !levels[n - 1].named) {
            levels[n - 1].name = str_sub(json, i + 1, end - i - 2);
            levels[n - 1].named = true;
        }
        i = end;
    }
    write_pointer(levels, n, base, pointer);
}
