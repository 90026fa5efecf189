/* SPDX-License-Identifier: Apache-2.0
 *
 * What commands say, looked into with JSON pointers.
 */
#include "handler/exec_answer.h"
#include "test.h"

static struct arena arena;
static struct exec_answer answer;

static void look(const char *text, const char *pointer, const char *wanted)
{
    exec_answer_init(&answer, str_of(text));
    CHECK_STR(exec_answer_text(&answer, pointer, &arena), wanted);
    exec_answer_release(&answer);
    arena_release(&arena);
}

TEST(a_pointer_leads_through_objects_and_arrays)
{
    const char *text = "{\"a\":{\"b/c\":[1,{\"~\":\"here\"}],\"\":\"no name\"}}";
    look(text, "/a/b~1c/1/~0", "here");
    look(text, "/a/b~1c/0", "1");
    look(text, "/a/", "no name");
    look(text, "/a/b~1c/2", "");
    look(text, "/a/b~1c/-", "");
    look(text, "/a/nothing/more", "");
    look(text, NULL, "");
}

TEST(a_string_is_its_text_and_other_values_are_json_and_null_is_nothing)
{
    look("{\"a\":\"x\\n\\u00e9\"}", "/a", "x\n\xC3\xA9");
    look("{\"a\":true}", "/a", "true");
    look("{\"a\":[1, 2]}", "/a", "[1, 2]");
    look("{\"a\":null}", "/a", "");
    look("{\"a\":\"\"}", "/a", "");
}

TEST(the_empty_pointer_is_the_whole_answer_json_or_not)
{
    look(" \"job 7\"\n", "", "job 7");
    look("4711\n", "", "4711");
    look("job-7 is queued\n", "", "job-7 is queued");
    look("job-7\n", "/id", "");
    look("", "", "");
}

TEST(a_number_is_one_only_if_it_is_there_and_not_negative)
{
    exec_answer_init(&answer, STR("{\"a\":42.5,\"b\":\"42\",\"c\":-1}"));
    CHECK(exec_answer_number(&answer, "/a") == 42.5);
    CHECK(exec_answer_number(&answer, "/b") < 0);
    CHECK(exec_answer_number(&answer, "/c") < 0);
    CHECK(exec_answer_number(&answer, "/d") < 0);
    exec_answer_release(&answer);
}

TEST_MAIN
