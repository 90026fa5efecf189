/* SPDX-License-Identifier: Apache-2.0
 *
 * Two buffers; the tail is trimmed rarely, so that a flood costs one copy per half, not per line.
 */
#include "server/logbook.h"

#include "base/text.h"

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

/* Both parts, with a line between them for what is missing from `place` on. */
static struct str join(struct str head, uint64_t missing, struct str tail, uint64_t place, struct arena *a)
{
    if (place >= head.len + missing) return arena_str(a, str_sub(tail, next_start(tail, (size_t)(place - head.len - missing)), tail.len));
    if (place >= head.len) missing -= place - head.len;
    head = str_sub(head, (size_t)place, head.len);
    return arena_format(a, "%.*s\n[... %llu bytes left out ...]\n%.*s", STR_ARG(head), (unsigned long long)missing, STR_ARG(tail));
}

uint64_t logbook_end(const struct logbook *l) { return l->head.len + l->left_out + l->tail.len; }

struct str logbook_since(const struct logbook *l, uint64_t place, struct arena *a)
{
    struct str head = buf_str(&l->head), tail = buf_str(&l->tail);
    size_t surplus = tail.len > LOGBOOK_HALF ? tail.len - LOGBOOK_HALF : 0;
    if (l->left_out + surplus > 0 && place < head.len + l->left_out + surplus) {
        size_t from = next_start(tail, surplus), to = last_end(head);
        return join(str_sub(head, 0, to), l->left_out + from + (head.len - to), str_sub(tail, from, tail.len), place, a);
    }
    if (place >= head.len) return arena_str(a, str_sub(tail, (size_t)(place - head.len - l->left_out), tail.len));
    char *all = arena_alloc(a, head.len + tail.len - (size_t)place + 1);
    struct str first = str_sub(head, (size_t)place, head.len);
    memcpy(all, first.p, first.len);
    if (tail.len) memcpy(all + first.len, tail.p, tail.len);
    return (struct str){all, first.len + tail.len};
}

struct str logbook_text(const struct logbook *l, struct arena *a) { return logbook_since(l, 0, a); }

/* Where the head of a text ends that has something left out, and how much; false: it has nothing left out. Such a line can only
 * stand where the head was full. */
static bool find_cut(struct str text, struct str *ret_head, uint64_t *ret_missing, struct str *ret_tail)
{
    static const char before[] = "\n[... ", after[] = " bytes left out ...]\n";
    for (size_t at = LOGBOOK_HALF - 3; at <= LOGBOOK_HALF && text.len > 2 * LOGBOOK_HALF - 8; at++) {
        struct str rest = str_sub(text, at, text.len);
        int64_t missing;
        if (!str_starts(rest, str_of(before))) continue;
        rest = str_sub(rest, sizeof before - 1, rest.len);
        struct str number = str_sub(rest, 0, str_find(rest, ' '));
        rest = str_sub(rest, number.len, rest.len);
        if (text_int(&missing, number) || !str_starts(rest, str_of(after))) continue;
        *ret_head = str_sub(text, 0, at);
        *ret_missing = (uint64_t)missing;
        *ret_tail = str_sub(rest, sizeof after - 1, rest.len);
        return true;
    }
    return false;
}

bool logbook_is_whole(const struct logbook *l) { return l->left_out == 0 && l->tail.len <= LOGBOOK_HALF; }

bool logbook_text_is_whole(struct str text)
{
    struct str head, tail;
    uint64_t missing;
    return !find_cut(text, &head, &missing, &tail);
}

struct str logbook_text_since(struct str text, uint64_t place, struct arena *a)
{
    struct str head, tail;
    uint64_t missing;
    if (find_cut(text, &head, &missing, &tail)) return join(head, missing, tail, place, a);
    return place < text.len ? str_sub(text, (size_t)place, text.len) : STR("");
}
