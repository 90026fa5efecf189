/* SPDX-License-Identifier: Apache-2.0
 *
 * Escapes are taken one at a time by take_escape; everything between two backslashes is copied or compared as a run.
 * The decoded form is never longer than the raw one.
 */
#include "base/json_unescape.h"

static unsigned hex4(const char *p)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static bool is_high(unsigned unit) { return (unit & 0xFC00) == 0xD800; }
static bool is_low(unsigned unit) { return (unit & 0xFC00) == 0xDC00; }

/* s begins with \uXXXX of a high surrogate: does the low one follow? */
static bool low_follows(struct str s)
{
    return s.len >= 12 && s.p[6] == '\\' && s.p[7] == 'u' && is_low(hex4(s.p + 8));
}

static size_t encode(unsigned c, char out[4])
{
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (len == 1) {
        out[0] = (char)c;
        return 1;
    }
    for (size_t i = len - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[len] | c);
    return len;
}

/* s begins with a backslash: takes the escape (both halves of a pair), returns the bytes it stands for. */
static size_t take_escape(struct str *s, char out[4])
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = s->p[1];
    if (c == 'u') {
        unsigned unit = hex4(s->p + 2);
        bool pair = is_high(unit) && low_follows(*s);
        if (pair) unit = 0x10000 + ((unit & 0x3FF) << 10) + (hex4(s->p + 8) & 0x3FF);
        *s = str_sub(*s, pair ? 12 : 6, s->len);
        return encode(unit, out);
    }
    const char *at = memchr(from, c, sizeof from - 1);
    out[0] = at ? to[at - from] : c;
    *s = str_sub(*s, 2, s->len);
    return 1;
}

const char *json_unescape_bad(struct str raw, bool is_key, size_t *ret_at)
{
    const char *end = raw.p + raw.len;
    for (const char *at = raw.p; at < end;) {
        if (*at != '\\') { /* asked first: a text of escapes alone would pay for a search each */
            at = memchr(at, '\\', (size_t)(end - at));
            if (!at) break;
        }
        if (at[1] != 'u') {
            at += 2;
            continue;
        }
        unsigned unit = hex4(at + 2);
        const char *bad = NULL;
        if (is_low(unit) || (is_high(unit) && !low_follows((struct str){at, (size_t)(end - at)})))
            bad = "half of a surrogate pair";
        if (is_key && unit == 0) bad = "\\u0000 in a key";
        if (bad) {
            *ret_at = (size_t)(at - raw.p);
            return bad;
        }
        at += is_high(unit) ? 12 : 6;
    }
    return NULL;
}

void json_unescape_add(struct buf *b, struct str raw)
{
    char *to = buf_room(b, raw.len);
    size_t len = 0;
    if (!to) return;
    while (raw.len > 0) {
        size_t run = str_find(raw, '\\');
        memcpy(to + len, raw.p, run);
        len += run;
        raw = str_sub(raw, run, raw.len);
        char out[4];
        size_t n = raw.len ? take_escape(&raw, out) : 0;
        memcpy(to + len, out, n);
        len += n;
    }
    buf_wrote(b, len);
}

/* Takes the next run of plain bytes or the next escape off *s; `out` holds the latter. */
static struct str take_run(struct str *s, char out[4])
{
    size_t run = str_find(*s, '\\');
    if (run == 0 && s->len) return (struct str){out, take_escape(s, out)};
    struct str plain = str_sub(*s, 0, run);
    *s = str_sub(*s, run, s->len);
    return plain;
}

bool json_unescape_eq(struct str a, struct str b)
{
    char a_out[4], b_out[4];
    struct str a_run = STR_NONE, b_run = STR_NONE;
    for (;;) {
        if (a_run.len == 0) a_run = take_run(&a, a_out);
        if (b_run.len == 0) b_run = take_run(&b, b_out);
        if (a_run.len == 0 || b_run.len == 0) return a_run.len == b_run.len;
        size_t common = a_run.len < b_run.len ? a_run.len : b_run.len;
        if (memcmp(a_run.p, b_run.p, common) != 0) return false;
        a_run = str_sub(a_run, common, a_run.len);
        b_run = str_sub(b_run, common, b_run.len);
    }
}

bool json_unescape_is(struct str raw, struct str plain)
{
    char out[4];
    for (;;) {
        struct str run = take_run(&raw, out);
        if (run.len == 0) return plain.len == 0;
        if (!str_starts(plain, run)) return false;
        plain = str_sub(plain, run.len, plain.len);
    }
}
