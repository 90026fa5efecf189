/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events, whatever way their bytes are cut.
 */
#include "base/sse.h"
#include "base/limits.h"
#include "test.h"

static struct buf seen;
static int wanted; /* events until no more is; 0: all */

static bool on_event(struct sse *s)
{
    buf_add_char(&seen, '[');
    buf_add_str(&seen, buf_str(&s->data));
    buf_add_char(&seen, ']');
    return --wanted != 0;
}

static int read_pieces(struct str bytes, size_t piece)
{
    struct sse s;
    int rc = 0;
    buf_release(&seen);
    buf_init(&seen, 16 * 1024 * 1024);
    sse_init(&s, LIMIT_SSE_EVENT, on_event, NULL);
    for (size_t at = 0; at < bytes.len && rc == 0; at += piece) rc = sse_add(&s, str_sub(bytes, at, piece));
    sse_release(&s);
    return rc;
}

#define CHECK_EVENTS(text, events)                            \
    for (size_t piece = 1; piece < 40; piece++) {             \
        CHECK_INT(read_pieces(STR(text), piece), 0);          \
        CHECK_STR(buf_str(&seen), (events));                  \
    }

TEST(an_event_is_what_stands_before_a_blank_line) { CHECK_EVENTS("data: a\n\ndata: b\n\n", "[a][b]") }
TEST(lines_of_data_are_joined_by_line_feeds) { CHECK_EVENTS("data: a\ndata:\ndata:  b\n\n", "[a\n\n b]") }
TEST(lines_end_with_any_of_the_three_line_ends) { CHECK_EVENTS("data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r\n\n", "[a][b][c][d]") }
TEST(other_fields_and_comments_are_read_over)
{
    CHECK_EVENTS(": hello\nevent: x\nid: 1\nretry: 10\ndatax: no\ndata: a\n\nevent: none\n\n", "[a]")
}
TEST(data_without_a_colon_is_empty_data) { CHECK_EVENTS("data\n\n\n\n", "[]") }
TEST(one_byte_order_mark_is_skipped) { CHECK_EVENTS("\xEF\xBB\xBF""data: a\n\n\xEF\xBB\xBF""data: b\n\n", "[a]") }
TEST(an_event_that_has_no_end_is_none) { CHECK_EVENTS("data: a\n\ndata: half\n", "[a]") }

TEST(after_the_last_one_that_is_wanted_nothing_is_read)
{
    wanted = 2;
    CHECK_INT(read_pieces(STR("data: a\n\ndata: b\n\ndata: c\n\n"), 100), 0);
    CHECK_STR(buf_str(&seen), "[a][b]");
    wanted = 0;
}

TEST(a_line_and_an_event_have_a_limit)
{
    struct buf b;
    buf_init(&b, 8 * LIMIT_SSE_EVENT);
    for (int i = 0; i < LIMIT_SSE_EVENT + 1; i++) buf_add_char(&b, 'x');
    CHECK_INT(read_pieces(buf_str(&b), 65536), ERR_TOO_BIG);
    buf_clear(&b);
    for (int i = 0; i < LIMIT_SSE_EVENT / 64; i++)
        buf_add_text(&b, "data: 0123456789012345678901234567890123456789012345678901234567890123\n");
    CHECK_INT(read_pieces(buf_str(&b), 65536), ERR_TOO_BIG);
    buf_release(&b);
}

/* ---- names, ids, how long to rest ---- */

static char told[2048];

static bool keep(struct sse *s)
{
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%s/%s/%s;", s->name, s->id, s->data.p ? s->data.p : "");
    return true;
}

TEST(cut_anywhere_names_and_ids_are_the_same)
{
    static const char text[] = "\xEF\xBB\xBFid: 1\r\n: words\r\nevent: a\r\ndata: x\r\rid: 2\ndata\n\nunknown: 1\nretry: 70\nid\n\ndata: y\ndata:  z\n\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct sse s;
        told[0] = '\0';
        sse_init(&s, 1000, keep, NULL);
        CHECK_INT(sse_add(&s, (struct str){text, cut}), 0);
        CHECK_INT(sse_add(&s, (struct str){text + cut, sizeof text - 1 - cut}), 0);
        CHECK_STR(str_of(told), "a/1/x;/2/;//y\n z;");
        CHECK_INT(s.retry_ms, 70);
        sse_release(&s);
    }
}

TEST(after_an_error_nothing_is_read)
{
    struct sse s;
    sse_init(&s, 16, keep, NULL);
    CHECK_INT(sse_add(&s, STR("data: a text of more than 16 bytes")), ERR_TOO_BIG);
    CHECK_INT(sse_add(&s, STR("\n\n")), 0);
    sse_release(&s);
}

TEST_MAIN
