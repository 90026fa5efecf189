/* SPDX-License-Identifier: Apache-2.0
 *
 * The error table and the filling of a struct err: never beyond its arrays, always one line, never half a character.
 */
#include "test.h"

#include "base/err.h"
#include <errno.h>

static const int codes[] = {
#define ERR(name, http, exit, code, text) ERR_##name,
#include "base/err.def"
#undef ERR
};

TEST(every_code_has_a_word_that_leads_back_to_it)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        CHECK(codes[i] < 0);
        CHECK_INT(err_from_word(err_word(codes[i])), codes[i]);
        CHECK(err_http_status(codes[i]) >= 400 && err_http_status(codes[i]) < 600);
        CHECK(err_exit_code(codes[i]) > 0 && err_exit_code(codes[i]) < 126);
        CHECK(strlen(err_text(codes[i])) > 5);
    }
    CHECK_INT(err_from_word("no such word"), 0);
}

TEST(rows_are_those_of_the_table)
{
    CHECK_INT(err_http_status(ERR_QUEUE_FULL), 429);
    CHECK_INT(err_exit_code(ERR_TIMEOUT), 124);
    CHECK_STR(str_of(err_word(ERR_STALE)), "stale_fence");
    CHECK_STR(str_of(err_text(ERR_NOMEM)), "out of memory");
}

TEST(codes_that_do_not_exist_are_internal_errors)
{
    CHECK_STR(str_of(err_word(1)), "internal");
    CHECK_STR(str_of(err_word(-1 - ERR_COUNT)), "internal");
    CHECK_INT(err_http_status(-100000), 500);
    CHECK_INT(err_http_status(0), 200);
    CHECK_INT(err_exit_code(0), 0);
}

TEST(set_returns_the_code_and_accepts_no_err)
{
    struct err e = {0};
    CHECK_INT(err_set(NULL, ERR_IO, "x %d", 1), ERR_IO);
    CHECK_INT(err_set_at(&e, ERR_INVALID, "/a/0", "x %d", 7), ERR_INVALID);
    CHECK_INT(e.code, ERR_INVALID);
    CHECK_STR(str_of(e.pointer), "/a/0");
    CHECK_STR(str_of(e.text), "x 7");
    CHECK_INT(err_set(&e, ERR_IO, "again"), ERR_IO);
    CHECK_STR(str_of(e.pointer), "");
}

TEST(what_does_not_fit_is_cut_between_characters)
{
    char longer[1000];
    struct err e;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t len = 0;
        while (len < shift) longer[len++] = 'x';
        while (len + 4 < sizeof longer) memcpy(longer + len, "\xF0\x9F\x8E\xA7", 4), len += 4;
        longer[len] = '\0';
        (void)err_set_at(&e, ERR_INVALID, longer, "%s", longer);
        CHECK_INT(strlen(e.text) % 4, shift % 4);
        CHECK(strlen(e.text) >= sizeof e.text - 4);
        CHECK_INT(strlen(e.pointer) % 4, shift % 4);
        CHECK(strlen(e.pointer) >= sizeof e.pointer - 4);
    }
}

TEST(a_text_that_fits_exactly_is_left_whole)
{
    char text[384];
    struct err e;
    memset(text, 'x', sizeof text);
    memcpy(text + 381, "\xC3\xA9", 3);
    (void)err_set(&e, ERR_INVALID, "%s", text);
    CHECK_STR(str_of(e.text), text);
}

TEST(a_stranger_cannot_add_a_line)
{
    struct err e;
    (void)err_set(&e, ERR_INVALID, "%s", "a\nb\tc\x1b[1m\x7f");
    CHECK_STR(str_of(e.text), "a?b?c?[1m?");
}

TEST(a_text_may_be_built_from_itself)
{
    struct err e;
    (void)err_set_at(&e, ERR_IO, "/in", "cause");
    (void)err_set_at(&e, ERR_CONFIG, e.pointer, "while reading: %s", e.text);
    CHECK_STR(str_of(e.text), "while reading: cause");
    CHECK_STR(str_of(e.pointer), "/in");
}

TEST(errno_becomes_words)
{
    struct err e;
    CHECK_INT(err_set_errno(&e, ERR_IO, ENOENT, "/tmp/x"), ERR_IO);
    CHECK_STR(str_of(e.text), "/tmp/x: No such file or directory");
}

TEST_MAIN
