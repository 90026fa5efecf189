/* SPDX-License-Identifier: Apache-2.0
 *
 * Captured output: made UTF-8 however it was cut, its tail bounded.
 */
#include "base/text.h"
#include "handler/capture.h"
#include "handler/utf8.h"
#include "test.h"

static void take(struct capture *c, struct str bytes, struct buf *out)
{
    struct str text;
    while (capture_next(c, &bytes, &text)) buf_add_str(out, text);
    CHECK_INT(bytes.len, 0);
}

static void capture_in_pieces(const char *bytes, size_t piece, const char *wanted)
{
    struct capture c;
    struct buf out;
    struct str text;
    capture_init(&c);
    buf_init(&out, 4096);
    for (size_t at = 0; at < strlen(bytes); at += piece) take(&c, str_sub(str_of(bytes), at, piece), &out);
    if (capture_end(&c, &text)) buf_add_str(&out, text);
    CHECK_STR(buf_str(&out), wanted);
    CHECK_STR(capture_tail(&c), wanted);
    buf_release(&out);
    capture_release(&c);
}

TEST(text_comes_out_as_it_went_in_however_it_was_cut)
{
    const char *text = "plain \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8E\xA7 end\n";
    for (size_t piece = 1; piece < 12; piece++) capture_in_pieces(text, piece, text);
}

#define BAD "\xEF\xBF\xBD"

TEST(each_bad_byte_becomes_a_replacement_however_it_was_cut)
{
    const char *bad = "a\xFF z\xC3(\xE2\x82 \xED\xA0\x80\xC0\x80\xF4\x90\xC3";
    const char *good = "a" BAD " z" BAD "(" BAD BAD " " BAD BAD BAD BAD BAD BAD BAD BAD;
    for (size_t piece = 1; piece < 24; piece++) capture_in_pieces(bad, piece, good);
}

TEST(the_tail_is_the_last_4_KiB_in_whole_characters)
{
    struct capture c;
    struct buf out;
    capture_init(&c);
    buf_init(&out, 1024 * 1024);
    for (int i = 0; i < 5000; i++) take(&c, STR("\xE2\x82\xAC"), &out);
    struct str tail = capture_tail(&c);
    CHECK(tail.len <= CAPTURE_TAIL && tail.len > CAPTURE_TAIL - 3);
    CHECK_INT(text_utf8_valid(tail), tail.len);
    take(&c, STR("\nlast line \n\n"), &out);
    CHECK(str_ends(capture_tail(&c), STR("\nlast line \n\n")));
    CHECK_STR(capture_last_line(capture_tail(&c)), "last line");
    capture_forget(&c);
    CHECK_INT(capture_tail(&c).len, 0);
    CHECK_INT(capture_last_line(STR(" \n\t\n")).len, 0);
    buf_release(&out);
    capture_release(&c);
}

TEST(a_large_piece_of_nothing_but_bad_bytes_is_taken)
{
    struct capture c;
    struct buf out;
    size_t len = 100000;
    char *bad = malloc(len);
    memset(bad, 0xFF, len);
    capture_init(&c);
    buf_init(&out, 3 * len);
    take(&c, (struct str){bad, len}, &out);
    CHECK_INT(out.len, 3 * len);
    CHECK_INT(buf_err(&out), 0);
    free(bad);
    buf_release(&out);
    capture_release(&c);
}

TEST(a_cut_never_halves_a_character)
{
    struct str s = STR("a\xE2\x82\xAC" "b");
    CHECK_STR(utf8_head(s, 5), "a\xE2\x82\xAC" "b");
    CHECK_STR(utf8_head(s, 4), "a\xE2\x82\xAC");
    CHECK_STR(utf8_head(s, 3), "a");
    CHECK_STR(utf8_head(s, 2), "a");
    CHECK_STR(utf8_head(s, 1), "a");
    CHECK_STR(utf8_head(s, 0), "");
    for (size_t max = 0; max < 3; max++) CHECK_STR(utf8_head(str_sub(s, 1, 4), max), "");
    CHECK_STR(utf8_tail(s, 4), "\xE2\x82\xAC" "b");
    CHECK_STR(utf8_tail(s, 3), "b");
    CHECK_STR(utf8_tail(s, 1), "b");
    CHECK_STR(utf8_tail(s, 0), "");
}

TEST_MAIN
