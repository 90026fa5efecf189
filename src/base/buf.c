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

/* Room for `more` bytes and a NUL. */
static bool grow(struct buf *b, size_t more)
{
    if (b->err) return false;
    if (more > b->max - b->len) {
        b->err = ERR_TOO_BIG;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap) return true;
    size_t cap = b->cap > b->max / 2 ? b->max + 1 : b->cap * 2;
    if (cap < FIRST_CAP) cap = FIRST_CAP;
    if (cap < need) cap = need;
    if (cap > b->max + 1) cap = b->max + 1;
    char *p = mem_try(b->p, cap);
    if (!p) {
        b->err = ERR_NOMEM;
        return false;
    }
    b->p = p;
    b->cap = cap;
    b->p[b->len] = '\0';
    return true;
}

void buf_add(struct buf *b, const void *p, size_t len)
{
    if (len == 0 || !grow(b, len)) return;
    memcpy(b->p + b->len, p, len);
    b->len += len;
    b->p[b->len] = '\0';
}

void buf_add_str(struct buf *b, struct str s) { buf_add(b, s.p, s.len); }

void buf_add_text(struct buf *b, const char *text) { buf_add(b, text, strlen(text)); }

void buf_add_char(struct buf *b, char c)
{
    if (!grow(b, 1)) return;
    b->p[b->len++] = c;
    b->p[b->len] = '\0';
}

void buf_add_format(struct buf *b, const char *format, ...)
{
    if (!grow(b, 0)) return;
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
        if (grow(b, (size_t)len)) {
            vsnprintf(b->p + b->len, b->cap - b->len, format, again);
            b->len += (size_t)len;
        }
    }
    va_end(again);
    va_end(args);
}

char *buf_room(struct buf *b, size_t len) { return grow(b, len) ? b->p + b->len : NULL; }

void buf_wrote(struct buf *b, size_t len)
{
    if (len == 0) return;
    if (len > b->cap - b->len - 1) { /* more than buf_room gave; libbide, which has this too, may not abort */
        b->err = ERR_INTERNAL;
        return;
    }
    b->len += len;
    b->p[b->len] = '\0';
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
