/* SPDX-License-Identifier: Apache-2.0
 *
 *   Prefer: respond-async, wait="10"; source=a
 *           └─ preference ┘  └ value  └ parameter
 *
 * RFC 7240 section 2: a list over one or several headers; the first of a name counts; what is not understood is ignored.
 * A separator inside a quoted string is none. A backslash in one is left as it is: no value we know has any.
 */
#include "api/prefer.h"

/* Cuts *s at the first `c` outside of quotes. */
static struct str cut(struct str *s, char c)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < s->len && (quoted || s->p[i] != c); i++) {
        if (quoted && s->p[i] == '\\') i++;
        else if (s->p[i] == '"') quoted = !quoted;
    }
    size_t len = i < s->len ? i : s->len;
    struct str front = str_sub(*s, 0, len);
    *s = str_sub(*s, len + 1, s->len);
    return front;
}

static struct str unquoted(struct str s)
{
    bool quoted = s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"';
    return quoted ? str_sub(s, 1, s.len - 2) : s;
}

static struct str find_in(struct str list, struct str name)
{
    while (list.len) {
        struct str one = cut(&list, ',');
        struct str value = cut(&one, ';');
        struct str its_name = str_trim(str_cut(&value, '='));
        if (!str_eq_nocase(its_name, name)) continue;
        value = unquoted(str_trim(value));
        return value.p ? value : STR("");
    }
    return STR_NONE;
}

struct str prefer_find(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!str_eq_nocase(r->headers[i].name, STR("Prefer"))) continue;
        struct str found = find_in(r->headers[i].value, str_of(name));
        if (found.p) return found;
    }
    return STR_NONE;
}
