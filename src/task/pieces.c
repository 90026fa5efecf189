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

/* Copies those that are to be read to `to` (NULL: counts their bytes), and moves *place behind them. */
static size_t walk(struct str packed, struct pieces_place *place, int64_t from, size_t most, char *to)
{
    struct str rest = str_sub(packed, place->offset, packed.len), piece;
    uint64_t number = (uint64_t)place->number;
    size_t len = 0;
    while (len < most && shift(&rest, &number, &piece)) {
        bool wanted = number >= (uint64_t)from;
        if (wanted && to && piece.len) memcpy(to + len, piece.p, piece.len);
        len += wanted ? piece.len : 0;
        place->number = (int64_t)++number;
        place->offset = packed.len - rest.len;
    }
    return len;
}

struct str pieces_read(struct str packed, struct pieces_place *place, int64_t from, size_t most, struct arena *a)
{
    struct pieces_place end = *place;
    size_t len = walk(packed, &end, from, most, NULL);
    char *all = arena_alloc(a, len + 1);
    (void)walk(packed, place, from, most, all);
    return (struct str){all, len};
}

struct str pieces_text(struct str packed, int64_t from, struct arena *a, int64_t *ret_next)
{
    struct pieces_place place = {0};
    struct str text = pieces_read(packed, &place, from, SIZE_MAX, a);
    *ret_next = place.number;
    return text;
}
