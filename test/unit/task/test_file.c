/* SPDX-License-Identifier: Apache-2.0
 *
 * Names that hurt nobody, and how long a file is kept.
 */
#include "base/limits.h"
#include "task/file.h"
#include "test/test.h"

TEST(a_name_is_one_component_of_a_path)
{
    static const char *const good[] = {"a", ".a", "...", "a b.txt", "\xC3\xA9", "C:\\x", "-rf"};
    static const char *const bad[] = {"", ".", "..", "/", "a/b", "../a", "/etc/passwd", "a\n", "\x1F", "\x7F", "\xFF", "\xED\xA0\x80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) CHECK(file_name_is_good(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!file_name_is_good(str_of(bad[i])));
    CHECK(!file_name_is_good(STR("a\0b")));
    char text[LIMIT_FILE_NAME + 1];
    memset(text, 'x', sizeof text);
    CHECK(file_name_is_good((struct str){text, LIMIT_FILE_NAME}));
    CHECK(!file_name_is_good((struct str){text, LIMIT_FILE_NAME + 1}));
}

TEST(words_of_keep_are_read_back)
{
    enum file_keep keep;
    for (int i = 0; i < 3; i++) {
        CHECK(file_keep_of(str_of(file_keep_word((enum file_keep)i)), &keep));
        CHECK_INT(keep, i);
    }
    CHECK(!file_keep_of(STR("for"), &keep));
}

TEST(a_file_is_kept_as_long_as_it_is_said)
{
    static const struct {
        enum file_keep keep;
        bool referred, live, due_before, due_after;
        int64_t at_ms;
    } rows[] = {
        {FILE_KEEP_RECORD, false, false, false, true, 110},     {FILE_KEEP_RECORD, true, true, false, false, INT64_MAX},
        {FILE_KEEP_RECORD, true, false, false, false, INT64_MAX}, {FILE_KEEP_TASK, false, false, false, true, 110},
        {FILE_KEEP_TASK, true, true, false, false, INT64_MAX},  {FILE_KEEP_TASK, true, false, true, true, INT64_MAX},
        {FILE_KEEP_FOREVER, false, false, false, false, INT64_MAX}, {FILE_KEEP_FOREVER, true, false, false, false, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(file_is_due(rows[i].keep, 100, rows[i].referred, rows[i].live, 10, 109), rows[i].due_before);
        CHECK_INT(file_is_due(rows[i].keep, 100, rows[i].referred, rows[i].live, 10, 110), rows[i].due_after);
        CHECK_INT(file_due_ms(rows[i].keep, 100, rows[i].referred, 10), rows[i].at_ms);
    }
    CHECK(!file_is_due(FILE_KEEP_RECORD, 100, false, false, FILE_FOREVER, INT64_MAX - 1));
}

TEST_MAIN
