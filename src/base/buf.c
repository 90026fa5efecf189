/* SPDX-License-Identifier: Apache-2.0
 *
 * Growing bytes with a maximum. Memory doubles, but never past max + 1 (the NUL), so a buf of a small limit stays small
 * whatever is thrown at it. An add is all or nothing: either every byte of it is in, or none and the error is kept.
 */
#include "base/buf.h"
#include "base/mem.h"
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAP 64

void buf_init(struct buf *b, size_t max) { *b = (struct buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1}; }

void buf_release(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->len = b->cap = 0;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->err = 0;
    if (b->p) b->p[0] = '\0';
}

char *buf_grow(struct buf *b, size_t len)
{
    if (b->err) return NULL;
    if (len > b->max - b->len) {
        b->err = ERR_TOO_BIG;
        return NULL;
    }
    size_t need = b->len + len + 1;
    size_t cap = b->cap > b->max / 2 ? b->max + 1 : b->cap * 2;
    if (cap < FIRST_CAP) cap = FIRST_CAP;
    if (cap < need) cap = need;
    if (cap > b->max + 1) cap = b->max + 1;
    char *p = mem_try(b->p, cap);
    if (!p) {
        b->err = ERR_NOMEM;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    b->p[b->len] = '\0';
    return p + b->len;
}

void buf_add_format(struct buf *b, const char *format, ...)
{
    if (!buf_room(b, 0)) return;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int len = vsnprintf(b->p + b->len, room, format, args);
    if (len < 0) {
        b->err = ERR_TOO_BIG; /* only a result over INT_MAX ends here */
        b->p[b->len] = '\0';
    } else if ((size_t)len < room) {
        b->len += (size_t)len;
    } else {
        b->p[b->len] = '\0';
        if (buf_room(b, (size_t)len)) {
            vsnprintf(b->p + b->len, b->cap - b->len, format, again);
            b->len += (size_t)len;
        }
    }
    va_end(again);
    va_end(args);
}

void buf_drop(struct buf *b, size_t len)
{
    if (len == 0) return;
    if (len > b->len) len = b->len;
    b->len -= len;
    if (b->p) memmove(b->p, b->p + len, b->len + 1);
}

struct str buf_take(struct buf *b)
{
    struct str taken = {b->p, b->len};
    b->p = NULL;
    b->len = b->cap = 0;
    return taken;
}
