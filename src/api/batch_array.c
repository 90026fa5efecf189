/* SPDX-License-Identifier: Apache-2.0
 *
 * In a text that is known to be JSON, brackets and commas outside strings are all there is to see. Counted first, so
 * that the list has its size.
 */
#include "api/batch_array.h"

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* From the opening quote to behind the closing one. */
static size_t skip_string(struct str text, size_t at)
{
    for (at++; at < text.len && text.p[at] != '"'; at++)
        if (text.p[at] == '\\') at++;
    return at + 1;
}

/* To the comma or bracket that ends the element. */
static size_t skip_element(struct str text, size_t at)
{
    for (size_t depth = 0; at < text.len;) {
        char c = text.p[at];
        if (depth == 0 && (c == ',' || c == ']')) break;
        if (c == '[' || c == '{') depth++;
        if (c == ']' || c == '}') depth--;
        at = c == '"' ? skip_string(text, at) : at + 1;
    }
    return at < text.len ? at : text.len;
}

static struct str without_space(struct str s)
{
    while (s.len && is_space(s.p[0])) s = str_sub(s, 1, s.len);
    while (s.len && is_space(s.p[s.len - 1])) s.len--;
    return s;
}

/* The next element, from behind the bracket or comma at `*at`; false when there is none. */
static bool next(struct str text, size_t *at, struct str *ret)
{
    if (*at >= text.len || text.p[*at] == ']') return false;
    size_t from = *at + 1, to = skip_element(text, from);
    *at = to;
    *ret = without_space(str_sub(text, from, to - from));
    return ret->len > 0; /* [] */
}

int batch_array_split(struct str text, size_t max, struct arena *a, struct str **ret_items, size_t *ret_n)
{
    size_t n = 0, at = 0;
    struct str item;
    text = without_space(text);
    while (n <= max && next(text, &at, &item)) n++;
    if (n > max) return ERR_TOO_BIG;
    struct str *items = arena_alloc(a, (n + 1) * sizeof *items);
    at = 0;
    for (size_t i = 0; i < n; i++) (void)next(text, &at, &items[i]);
    *ret_items = items;
    *ret_n = n;
    return 0;
}
