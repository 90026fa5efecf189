/* SPDX-License-Identifier: Apache-2.0
 *
 * Two buffers; the tail is trimmed rarely, so that a flood costs one copy per half, not per line.
 */
#include "server/logbook.h"

void logbook_init(struct logbook *l)
{
    buf_init(&l->head, LOGBOOK_HALF);
    buf_init(&l->tail, 2 * LOGBOOK_HALF);
    l->left_out = 0;
}

void logbook_release(struct logbook *l)
{
    buf_release(&l->head);
    buf_release(&l->tail);
}

void logbook_add(struct logbook *l, struct str bytes)
{
    size_t first = LOGBOOK_HALF - l->head.len;
    if (first > bytes.len) first = bytes.len;
    buf_add(&l->head, bytes.p, first);
    bytes = str_sub(bytes, first, bytes.len - first);
    if (bytes.len > LOGBOOK_HALF) {
        l->left_out += bytes.len - LOGBOOK_HALF;
        bytes = str_sub(bytes, bytes.len - LOGBOOK_HALF, LOGBOOK_HALF);
    }
    if (l->tail.len + bytes.len > 2 * LOGBOOK_HALF) {
        size_t surplus = l->tail.len - LOGBOOK_HALF;
        l->left_out += surplus;
        buf_drop(&l->tail, surplus);
    }
    buf_add(&l->tail, bytes.p, bytes.len);
}

bool logbook_is_empty(const struct logbook *l)
{
    return l->head.len == 0;
}

/* Where text may be cut: not inside a UTF-8 character. */
static size_t next_start(struct str s, size_t at)
{
    while (at < s.len && ((unsigned char)s.p[at] & 0xc0) == 0x80) at++;
    return at;
}

static size_t last_end(struct str s)
{
    size_t at = s.len;
    while (at > 0 && ((unsigned char)s.p[at - 1] & 0xc0) == 0x80) at--;
    unsigned char first = at > 0 ? (unsigned char)s.p[at - 1] : 0;
    size_t width = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return at > 0 && s.len - (at - 1) < width ? at - 1 : s.len;
}

struct str logbook_text(const struct logbook *l, struct arena *a)
{
    struct str head = buf_str(&l->head), tail = buf_str(&l->tail);
    size_t surplus = tail.len > LOGBOOK_HALF ? tail.len - LOGBOOK_HALF : 0;
    if (l->left_out + surplus == 0) {
        char *all = arena_alloc(a, head.len + tail.len + 1);
        if (head.len) memcpy(all, head.p, head.len);
        if (tail.len) memcpy(all + head.len, tail.p, tail.len);
        return (struct str){all, head.len + tail.len};
    }
    size_t from = next_start(tail, surplus), to = last_end(head);
    uint64_t lost = l->left_out + from + (head.len - to);
    struct str cut = str_sub(tail, from, tail.len - from);
    return arena_format(a, "%.*s\n[... %llu bytes left out ...]\n%.*s", (int)to, head.p, (unsigned long long)lost,
                        STR_ARG(cut));
}
