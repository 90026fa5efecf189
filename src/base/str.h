/* SPDX-License-Identifier: Apache-2.0
 *
 * A borrowed run of bytes: pointer and length, no NUL at the end, never owned. Whoever holds a
 * `struct str` must know what keeps the bytes alive; a str returned by a function says so there.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; /* borrowed; may be NULL when len is 0 */
    size_t len;    /* bytes */
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
#define STR_ARG(s) (int)(s).len, (s).p /* for "%.*s" */

static inline struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* Bytewise order; a prefix sorts first. */
int str_cmp(struct str a, struct str b);
char str_lower(char c); /* ASCII only, as the next two */
bool str_same_nocase(const char *a, const char *b, size_t len);
static inline bool str_eq_nocase(struct str a, struct str b) { return a.len == b.len && str_same_nocase(a.p, b.p, a.len); }
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_sub(struct str s, size_t from, size_t len); /* clamped to s */
struct str str_trim(struct str s);                         /* without spaces and tabs at both ends */
/* Index of the first `c`, or s.len. */
size_t str_find(struct str s, char c);
/* Cuts s at the first `c`: returns what is before it, leaves in *s what is after; all of it when there is none. */
struct str str_cut(struct str *s, char c);
uint64_t str_hash(struct str s); /* eight bytes at a time; not for hostile keys (see map.h) */
/* A heap copy with a NUL at the end; NULL when out of memory. The caller frees it. */
char *str_dup(struct str s);
/* Copies into a fixed array with a NUL at the end, cutting what does not fit; returns false when it was cut. */
bool str_copy(char *to, size_t cap, struct str s);

#endif
