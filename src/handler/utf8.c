/* SPDX-License-Identifier: Apache-2.0
 *
 * Cutting and repairing UTF-8. What a well-formed character is, is base/text.c's business alone: here it is only
 * asked, also for a character of which no more than the beginning has arrived.
 */
#include "handler/utf8.h"
#include "base/text.h"

#define LONGEST 4 /* bytes of one character */
#define REPLACEMENT "\xEF\xBF\xBD"

static bool is_inner(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

struct str utf8_head(struct str s, size_t max)
{
    if (s.len <= max) return s;
    for (size_t cut = 0; cut < LONGEST && cut <= max; cut++)
        if (!is_inner(s.p[max - cut])) return str_sub(s, 0, max - cut);
    return str_sub(s, 0, max); /* no UTF-8: no character is halved */
}

struct str utf8_tail(struct str s, size_t max)
{
    if (s.len <= max) return s;
    size_t from = s.len - max;
    while (from < s.len && is_inner(s.p[from])) from++;
    return str_sub(s, from, s.len - from);
}

/* May the bytes, too few for a character, become one? Then they do so with the smallest or the largest inner bytes. */
static bool is_beginning(struct str s)
{
    unsigned char lead = (unsigned char)s.p[0];
    size_t len = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (s.len >= len) return false;
    char low[LONGEST], high[LONGEST];
    memset(low, 0x80, sizeof low);
    memset(high, 0xBF, sizeof high);
    memcpy(low, s.p, s.len);
    memcpy(high, s.p, s.len);
    return text_utf8_valid((struct str){low, len}) == len || text_utf8_valid((struct str){high, len}) == len;
}

size_t utf8_add(struct buf *out, struct str bytes, bool last)
{
    size_t at = 0;
    while (at < bytes.len) {
        struct str rest = str_sub(bytes, at, bytes.len - at);
        size_t good = text_utf8_valid(rest);
        buf_add(out, rest.p, good);
        at += good;
        if (at == bytes.len) break;
        if (!last && is_beginning(str_sub(rest, good, rest.len - good))) break;
        buf_add_text(out, REPLACEMENT);
        at++;
    }
    return at;
}
