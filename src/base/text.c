/* SPDX-License-Identifier: Apache-2.0
 *
 * Text that people write: UTF-8, names, the guess at what a misspelt name was meant to be. (Durations and sizes are in
 * text_unit.c, times in text_time.c, numbers in text_number.c.) Input is hostile: nothing here is more than linear in
 * it, and nothing allocates.
 */
#include "base/text.h"
#include "base/limits.h"
#include "base/word.h"

#define NEAREST_MAX 64 /* longer words are not slips of the pen */

/* Length of the well-formed character at p (RFC 3629 section 4), 0 when there is none. p[0] >= 0x80. */
static size_t character(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t len;
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        len = 2;
    } else if (p[0] >= 0xE0 && p[0] <= 0xEF) {
        len = 3;
        if (p[0] == 0xE0) low = 0xA0;  /* overlong */
        if (p[0] == 0xED) high = 0x9F; /* surrogates */
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        len = 4;
        if (p[0] == 0xF0) low = 0x90;  /* overlong */
        if (p[0] == 0xF4) high = 0x8F; /* above U+10FFFF */
    } else {
        return 0;
    }
    if (left < len || p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return len;
}

size_t text_utf8_valid(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    for (size_t i = 0; i < s.len;) {
        if (s.len - i >= sizeof(uint64_t) && !(word_at(s.p + i) & WORD_TOPS)) {
            i += sizeof(uint64_t);
            continue;
        }
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t len = character(p + i, s.len - i);
        if (len == 0) return i;
        i += len;
    }
    return s.len;
}

bool text_is_name(struct str s)
{
    if (s.len == 0 || s.len > LIMIT_NAME) return false;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-' && c != ':' && c != '/') return false;
    }
    return true;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Edits from a to b: insert, delete, replace, swap two neighbours, no character touched twice. Both at most
 * NEAREST_MAX + 3 long. */
static size_t edits(struct str a, struct str b)
{
    size_t rows[3][NEAREST_MAX + 4], *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.len; j++) last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = a.p[i - 1] == b.p[j - 1];
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + !same);
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.len];
}

const char *text_nearest(struct str word, const char *const *names)
{
    const char *nearest = NULL;
    if (word.len > NEAREST_MAX) return NULL;
    size_t best = least(word.len / 3, 3) + 1; /* what is found must be nearer than this */
    for (; *names; names++) {
        struct str name = str_of(*names);
        size_t apart = name.len > word.len ? name.len - word.len : word.len - name.len;
        if (apart >= best) continue;
        size_t n = edits(word, name);
        if (n >= best) continue;
        best = n;
        nearest = *names;
    }
    return nearest;
}
