/* SPDX-License-Identifier: Apache-2.0
 *
 * What is decoded is text: an escape that makes a NUL or broken UTF-8 is refused here, once, so that no C string and no
 * JSON answer further in meets one.
 */
#include "http/query.h"
#include "base/text.h"

#define PAIRS 64

static int hex(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int query_decode(struct arena *a, struct str in, bool plus, struct str *ret_out)
{
    char *out = arena_text(a, in);
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.len ? hex(in.p[i + 1]) : -1, low = i + 2 < in.len ? hex(in.p[i + 2]) : -1;
            if (high < 0 || low < 0) return ERR_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0') return ERR_INVALID;
        out[len++] = c;
    }
    out[len] = '\0';
    struct str text = {out, len};
    if (text_utf8_valid(text) != len) return ERR_INVALID;
    *ret_out = text;
    return 0;
}

int query_parse(struct arena *a, struct str raw, struct query *ret_query, struct err *e)
{
    struct query q = {0};
    size_t cap = raw.len > 0;
    for (size_t i = 0; i < raw.len; i++) cap += raw.p[i] == '&';
    q.pairs = arena_alloc(a, (cap < PAIRS ? cap : PAIRS) * sizeof *q.pairs);
    while (raw.len) {
        struct str value = str_cut(&raw, '&');
        if (value.len == 0) continue;
        if (q.n == PAIRS) return err_set(e, ERR_INVALID, "the query has more than %d parameters", PAIRS);
        struct str name = str_cut(&value, '=');
        struct query_pair *p = &q.pairs[q.n++];
        if (query_decode(a, name, true, &p->name) < 0 || query_decode(a, value, true, &p->value) < 0)
            return err_set(e, ERR_INVALID, "the query parameter \"%.*s\" is not percent-encoded UTF-8",
                           (int)(name.len < 64 ? name.len : 64), name.p);
    }
    *ret_query = q;
    return 0;
}

struct str query_get(const struct query *q, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < q->n; i++)
        if (str_eq(q->pairs[i].name, wanted)) return q->pairs[i].value;
    return STR_NONE;
}
