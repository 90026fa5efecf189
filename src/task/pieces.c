/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers are written seven bits to a byte, the low ones first; all but the last byte of one have the high bit.
 */
#include "task/pieces.h"

#define NUMBER 10 /* bytes of the longest */

static size_t write_number(unsigned char to[NUMBER], uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) to[n++] = (unsigned char)(v | 0x80);
    to[n++] = (unsigned char)v;
    return n;
}

/* False: the text ends before the number does. */
static bool read_number(struct str *from, uint64_t *ret)
{
    *ret = 0;
    for (size_t n = 0; n < from->len && n < NUMBER; n++) {
        unsigned char byte = (unsigned char)from->p[n];
        *ret |= (uint64_t)(byte & 0x7f) << (7 * n);
        if (byte & 0x80) continue;
        *from = str_sub(*from, n + 1, from->len - n - 1);
        return true;
    }
    return false;
}

void pieces_init(struct pieces *p)
{
    *p = (struct pieces){0};
    buf_init(&p->packed, LIMIT_OUTPUT);
}

void pieces_release(struct pieces *p) { buf_release(&p->packed); }

enum pieces_told pieces_add(struct pieces *p, int64_t n, struct str text)
{
    unsigned char head[2 * NUMBER];
    if (n < 0) n = p->next;
    if (n < p->next) return PIECES_REPEATED;
    if (p->full) return PIECES_LEFT_OUT;
    size_t len = write_number(head, (uint64_t)(n - p->next));
    len += write_number(head + len, text.len);
    p->full = len + text.len > LIMIT_OUTPUT - p->packed.len;
    if (p->full) return PIECES_FULL;
    buf_add(&p->packed, head, len);
    buf_add_str(&p->packed, text);
    p->next = n + 1;
    return PIECES_TAKEN;
}

/* The first piece off *packed; false: there is none. */
static bool shift(struct str *packed, uint64_t *number, struct str *ret)
{
    uint64_t missing, len;
    if (!read_number(packed, &missing) || !read_number(packed, &len) || len > packed->len) return false;
    *number += missing;
    *ret = str_sub(*packed, 0, len);
    *packed = str_sub(*packed, len, packed->len - len);
    return true;
}

struct str pieces_text(struct str packed, int64_t from, struct arena *a, int64_t *ret_next)
{
    char *all = arena_alloc(a, packed.len + 1);
    size_t len = 0;
    uint64_t number = 0;
    for (struct str piece; shift(&packed, &number, &piece); number++) {
        if (number < (uint64_t)from) continue;
        if (piece.len) memcpy(all + len, piece.p, piece.len);
        len += piece.len;
    }
    *ret_next = (int64_t)number;
    return (struct str){all, len};
}
