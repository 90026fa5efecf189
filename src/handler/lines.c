/* SPDX-License-Identifier: Apache-2.0
 *
 * Line splitter of bide/1, with the maximum.
 */
#include "handler/lines.h"
#include "base/limits.h"

void lines_init(struct lines *l)
{
    buf_init(&l->begun, LIMIT_FRAME);
    l->given = false;
}

void lines_release(struct lines *l) { buf_release(&l->begun); }

int lines_next(struct lines *l, struct str *bytes, struct str *ret_line)
{
    if (l->given) buf_clear(&l->begun);
    l->given = false;
    if (bytes->len == 0) return 0;
    size_t end = str_find(*bytes, '\n');
    struct str line = str_sub(*bytes, 0, end);
    bool whole = end < bytes->len;
    *bytes = str_sub(*bytes, whole ? end + 1 : end, bytes->len);
    if (l->begun.len == 0 && whole) {
        if (line.len > LIMIT_FRAME) return ERR_TOO_BIG;
        *ret_line = line;
        return 1;
    }
    buf_add_str(&l->begun, line);
    if (buf_err(&l->begun)) return buf_err(&l->begun);
    if (!whole) return 0;
    l->given = true;
    *ret_line = buf_str(&l->begun);
    return 1;
}
