/* SPDX-License-Identifier: Apache-2.0
 *
 * Borrowed runs of bytes: comparing, cutting, copying. Nothing here reads beyond s.len or looks for a NUL, and NULL is
 * never handed to a memory function, however short the run.
 */
#include "base/str.h"
#include "base/mem.h"
#include "base/word.h"
#include <stdlib.h>

int str_cmp(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.p, b.p, common) : 0;
    if (order) return order;
    return (a.len > b.len) - (a.len < b.len);
}

char str_lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c); }

bool str_same_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (str_lower(a[i]) != str_lower(b[i])) return false;
    return true;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && (suffix.len == 0 || memcmp(s.p + (s.len - suffix.len), suffix.p, suffix.len) == 0);
}

struct str str_sub(struct str s, size_t from, size_t len)
{
    if (from > s.len) from = s.len;
    if (len > s.len - from) len = s.len - from;
    return (struct str){s.p ? s.p + from : NULL, len};
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.p[0])) s.p++, s.len--;
    while (s.len > 0 && is_blank(s.p[s.len - 1])) s.len--;
    return s;
}

size_t str_find(struct str s, char c)
{
    const char *at = s.len ? memchr(s.p, c, s.len) : NULL;
    return at ? (size_t)(at - s.p) : s.len;
}

struct str str_cut(struct str *s, char c)
{
    size_t at = str_find(*s, c);
    struct str before = str_sub(*s, 0, at);
    *s = at == s->len ? str_sub(*s, at, 0) : str_sub(*s, at + 1, s->len);
    return before;
}

/* Any word to any other, and every bit of it to half of the bits (the finalizer of MurmurHash3). */
static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDu;
    h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53u;
    return h ^ (h >> 33);
}

uint64_t str_hash(struct str s)
{
    uint64_t h = s.len;
    size_t i = 0;
    for (; s.len - i >= 8; i += 8) h = mix(h ^ word_at(s.p + i));
    uint64_t rest = 0;
    for (; i < s.len; i++) rest = rest << 8 | (unsigned char)s.p[i];
    return mix(mix(h ^ rest));
}

char *str_dup(struct str s)
{
    char *copy = mem_try(NULL, s.len + 1);
    if (!copy) return NULL;
    if (s.len) memcpy(copy, s.p, s.len);
    copy[s.len] = '\0';
    return copy;
}

bool str_copy(char *to, size_t cap, struct str s)
{
    if (cap == 0) return false;
    size_t len = s.len < cap ? s.len : cap - 1;
    if (len) memcpy(to, s.p, len);
    to[len] = '\0';
    return len == s.len;
}
