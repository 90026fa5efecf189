/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that dies together: one arena per request or result set. Out of memory aborts the process
 * (server side only; the store makes that safe), so callers do not check.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *head; /* owned, newest first */
    char *at, *end;           /* free part of the newest block */
    size_t total;             /* bytes allocated from the system */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a); /* accepts a zeroed arena */
void arena_clear(struct arena *a);   /* frees all but one small block */
void arena_adopt(struct arena *to, struct arena *from); /* moves all that `from` holds; it is empty afterwards */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull, malloc)); /* zeroed, 16-byte aligned */
struct str arena_str(struct arena *a, struct str s); /* a copy, NUL after the end */
char *arena_text(struct arena *a, struct str s);     /* the same, as a C string */
struct str arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
