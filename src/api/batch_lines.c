/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines are not copied: they lie where their bytes came. Every byte is looked at once for its line feed, however many
 * pieces a line comes in.
 */
#include "api/batch_lines.h"

#include "base/limits.h"

#define PIECES (1024 * 1024) /* what may lie behind a line that has just become whole */

void batch_lines_init(struct batch_lines *l)
{
    *l = (struct batch_lines){0};
    buf_init(&l->text, LIMIT_BATCH_LINE + PIECES);
}

void batch_lines_release(struct batch_lines *l)
{
    buf_release(&l->text);
    l->at = l->looked = 0;
}

int batch_lines_add(struct batch_lines *l, struct str bytes)
{
    batch_lines_drop(l);
    buf_add_str(&l->text, bytes);
    return buf_err(&l->text);
}

void batch_lines_end(struct batch_lines *l) { l->over = true; }

static bool is_blank(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r') return false;
    return true;
}

/* No line feed in what is there: 0, or ERR_TOO_BIG when there should have been one. */
static int wait_for_end(struct batch_lines *l, size_t len)
{
    bool too_long = len > LIMIT_BATCH_LINE && !l->skipping;
    l->skipping = l->skipping || too_long;
    l->looked = l->skipping ? 0 : len;
    if (l->skipping) l->at += len;
    return too_long ? ERR_TOO_BIG : 0;
}

int batch_lines_next(struct batch_lines *l, struct str *ret_line)
{
    for (;;) {
        struct str rest = str_sub(buf_str(&l->text), l->at, l->text.len);
        size_t len = l->looked + str_find(str_sub(rest, l->looked, rest.len), '\n');
        bool ended = len < rest.len;
        if (!ended && (!l->over || len == 0)) return wait_for_end(l, len);
        bool skipped = l->skipping;
        l->at += len + ended;
        l->looked = 0;
        l->skipping = false;
        struct str line = str_sub(rest, 0, len);
        if (skipped || is_blank(line)) continue;
        if (len > LIMIT_BATCH_LINE) return ERR_TOO_BIG;
        *ret_line = line;
        return 1;
    }
}

void batch_lines_drop(struct batch_lines *l)
{
    buf_drop(&l->text, l->at);
    l->at = 0;
    if (l->text.len == 0) buf_release(&l->text);
}

size_t batch_lines_size(const struct batch_lines *l) { return l->text.cap; }
