/* SPDX-License-Identifier: Apache-2.0
 *
 * Server-sent events, whatever way their bytes are cut.
 */
#include "http/sse.h"
#include "base/limits.h"
#include "test.h"

static struct buf seen;
static int wanted; /* events until no more is; 0: all */

static bool on_data(struct sse *s, struct str data)
{
    (void)s;
    buf_add_char(&seen, '[');
    buf_add_str(&seen, data);
    buf_add_char(&seen, ']');
    return --wanted != 0;
}

static int read_pieces(struct str bytes, size_t piece)
{
    struct sse s;
    int rc = 0;
    buf_release(&seen);
    buf_init(&seen, 16 * 1024 * 1024);
    sse_init(&s, on_data);
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

TEST_MAIN
