/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as each of the small texts that people and programs send: ids, fences, durations, sizes, times,
 * numbers, names, lists of ETags, preferences, ranges. What is accepted is written again and read again, and must be the
 * same; what has one spelling is in it.
 */
#include "api/etag.h"
#include "api/prefer.h"
#include "api/range.h"
#include "base/id.h"
#include "handler/utf8.h"
#include "test/fuzz/fuzz.h"

static void check_id(struct str s)
{
    struct id id, again;
    char text[ID_TEXT];
    if (id_parse(&id, s)) return;
    id_format(&id, text);
    must(strlen(text) == ID_TEXT - 1 && str_eq_nocase(str_of(text), s));
    must(id_parse(&again, str_of(text)) == 0 && id_cmp(&id, &again) == 0);
    must(id_ms(&id) >= 0 && id_ms(&id) < INT64_C(1) << 48);
}

static void check_fence(struct str s)
{
    uint64_t fence, again;
    char text[FENCE_TEXT];
    if (id_fence_parse(&fence, s)) return;
    id_fence_format(fence, text);
    must(strlen(text) == FENCE_TEXT - 1 && str_eq_nocase(str_of(text), s));
    must(id_fence_parse(&again, str_of(text)) == 0 && fence == again);
}

static void check_duration(struct str s)
{
    struct err e = {0};
    int64_t ms, again;
    struct buf b;
    if (text_duration(&ms, s, &e)) {
        must(e.code == ERR_INVALID && e.text[0]);
        return;
    }
    must(ms >= 0);
    buf_init(&b, 200);
    text_add_duration(&b, ms);
    must(text_duration(&again, buf_str(&b), &e) == 0 && again == ms);
    buf_release(&b);
}

static void check_size(struct str s)
{
    struct err e = {0};
    int64_t bytes, again;
    char text[32];
    if (text_size(&bytes, s, &e)) {
        must(e.code == ERR_INVALID && e.text[0]);
        return;
    }
    must(bytes >= 0);
    snprintf(text, sizeof text, "%lldB", (long long)bytes);
    must(text_size(&again, str_of(text), &e) == 0 && again == bytes);
}

/* An offset may put the moment a day outside of the years that can be written. */
static void check_time(struct str s)
{
    int64_t ms, again;
    char text[TEXT_TIME];
    if (text_time(&ms, s)) return;
    must(ms >= INT64_C(-62167219200000) - 86400000 && ms <= INT64_C(253402300800000) + 86400000);
    text_format_time(ms, text);
    must(strlen(text) == TEXT_TIME - 1 && text_time(&again, str_of(text)) == 0);
    if (ms >= INT64_C(-62167219200000) && ms <= INT64_C(253402300799999)) must(again == ms);
    bool plain = str_ends(s, STR("Z")) && str_sub(s, 17, 2).p[0] != '6'; /* no offset, no leap second: the day is the day */
    if (plain) must(str_eq(str_sub(s, 0, 10), str_sub(str_of(text), 0, 10)));
}

static void check_numbers(struct str s)
{
    int64_t n, n_again;
    double d, d_again;
    char text[TEXT_DOUBLE];
    if (text_int(&n, s) == 0) {
        snprintf(text, sizeof text, "%lld", (long long)n);
        must(text_int(&n_again, str_of(text)) == 0 && n_again == n);
        must(text_double(&d, s) == 0);
    }
    if (text_double(&d, s)) return;
    text_format_double(d, text);
    must(text_double(&d_again, str_of(text)) == 0 && d_again == d);
}

static void check_utf8(struct str s)
{
    struct buf whole, pieces;
    uint64_t chance = fuzz_chance(s);
    buf_init(&whole, 3 * s.len);
    buf_init(&pieces, 3 * s.len);
    must(utf8_add(&whole, s, true) == s.len && !buf_err(&whole) && fuzz_is_utf8(buf_str(&whole)));
    if (fuzz_is_utf8(s)) must(str_eq(buf_str(&whole), s));
    struct str rest = s, text = buf_str(&whole);
    size_t done = 0;
    while (rest.len) { /* what a piece leaves behind comes again with the next */
        struct str piece = fuzz_cut(&rest, &chance);
        size_t end = (size_t)(piece.p - s.p) + piece.len;
        done += utf8_add(&pieces, str_sub(s, done, end - done), rest.len == 0);
    }
    must(done == s.len && str_eq(buf_str(&pieces), text));
    for (size_t max = 0; max < 8 && max < s.len; max++) {
        struct str head = utf8_head(text, max), tail = utf8_tail(text, max);
        must(head.len <= max && fuzz_is_utf8(head) && str_starts(text, head));
        must(tail.len <= max && fuzz_is_utf8(tail) && str_ends(text, tail));
    }
    buf_release(&whole);
    buf_release(&pieces);
}

static void check_headers(struct str s)
{
    struct http_header headers[] = {
        {STR("If-Match"), s}, {STR("if-none-match"), s}, {STR("Prefer"), s}, {STR("Prefer"), STR("wait=7")}};
    struct http_request r = {.headers = headers, .n_headers = 4};
    char etag[ETAG_TEXT], other[ETAG_TEXT];
    etag_of(STR("a body"), etag);
    etag_of(s, other);
    bool strong = etag_is_wanted(&r, etag);
    must(!strong || etag_is_known(&r, etag)); /* what fits strongly fits weakly */
    must(strong == etag_is_wanted(&r, etag));
    struct str wait = prefer_find(&r, "wait");
    must(wait.p && (str_eq(wait, STR("7")) || (wait.p >= s.p && wait.p + wait.len <= s.p + s.len) || wait.len == 0));
    int64_t from = -1, len = -1;
    for (int64_t size = 0; size < 1000; size = size * 3 + 1)
        if (range_read(s, size, &from, &len) == RANGE_PART) must(from >= 0 && len > 0 && from <= size - len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"transcribe", "default", "priority", "max_attempts", "", NULL};
    struct str s = {(const char *)data, size};
    check_id(s);
    check_fence(s);
    check_duration(s);
    check_size(s);
    check_time(s);
    check_numbers(s);
    check_utf8(s);
    check_headers(s);
    if (text_is_name(s)) must(fuzz_is_utf8(s) && size <= LIMIT_NAME);
    const char *near = text_nearest(s, names);
    if (near && size > 64) must(false);
    return 0;
}
