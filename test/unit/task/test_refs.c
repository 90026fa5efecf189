/* SPDX-License-Identifier: Apache-2.0
 *
 * Which texts of an input name files, and where they stand.
 */
#include "task/refs.h"
#include "test/test.h"

#define ID "01890000-0000-7000-8000-00000000000a"
#define REF "\"file:" ID "\""

static size_t count(const char *json)
{
    struct ref ref;
    size_t n = 0;
    for (size_t at = 0; refs_next(str_of(json), &at, &ref); n++) {
        CHECK(strncmp(json + ref.at, REF, ref.len) == 0 && ref.len == strlen(REF));
        CHECK_INT(ref.file.b[15], 10);
    }
    return n;
}

TEST(a_text_that_is_file_and_an_id_is_one_wherever_it_stands)
{
    CHECK_INT(count(REF), 1);
    CHECK_INT(count("[" REF "," REF " , {\"a\" : " REF "}]"), 3);
    CHECK_INT(count("{\"a\":" REF "\n}"), 1);
    CHECK_INT(count("[\"\\\\\"," REF "]"), 1); /* behind a text that ends in a backslash */
}

TEST(everything_else_is_a_text_like_any_other)
{
    CHECK_INT(count("{" REF ":1}"), 0);
    CHECK_INT(count("{" REF " \t\r\n:1}"), 0);
    CHECK_INT(count("[\"file:\"]"), 0);
    CHECK_INT(count("[\"file:///etc/passwd\"]"), 0);
    CHECK_INT(count("[\"file:" ID "x\"]"), 0);
    CHECK_INT(count("[\"see file:" ID "\"]"), 0);
    CHECK_INT(count("[\"say \\\"file:" ID "\"]"), 0);
    CHECK_INT(count("[\"say \\\"file:" ID "\\\"\"]"), 0);
    CHECK_INT(count("[\"file:01890000-0000-7000-8000-00000000000g\"]"), 0);
    CHECK_INT(count("\"file:" ID), 0);
    CHECK_INT(count("[\"\\u0066ile:" ID "\"]"), 0);
    CHECK_INT(count("\"file:"), 0);
    CHECK_INT(count(""), 0);
}

static void check_pointer(const char *json, const char *wanted)
{
    struct ref ref;
    size_t at = 0;
    char pointer[REFS_POINTER];
    CHECK(refs_next(str_of(json), &at, &ref));
    refs_pointer(str_of(json), ref.at, "/input", pointer);
    CHECK_STR(str_of(pointer), wanted);
}

TEST(its_pointer_says_where_it_stands)
{
    check_pointer(REF, "/input");
    check_pointer("[1,[],{},[" REF "]]", "/input/3/0");
    check_pointer("{\"a\":{\"x\":[\",]\",{\"y\":\"}\"}],\"b\":" REF "}}", "/input/a/b");
    check_pointer("{\"a/b\":{\"~\":" REF "}}", "/input/a~1b/~0");
    check_pointer("{\"a\":\"b\", \"q\\\"]\" : [ \"x\" , " REF " ]}", "/input/q\\\"]/1");
    check_pointer("{\"file\":" REF ",\"z\":1}", "/input/file");
}

TEST(a_pointer_that_is_too_long_is_cut)
{
    char json[1200], pointer[REFS_POINTER];
    int n = 0;
    for (int i = 0; i < 60; i++) n += snprintf(json + n, sizeof json - (size_t)n, "{\"name~%02d\":", i);
    snprintf(json + n, sizeof json - (size_t)n, REF);
    refs_pointer(str_of(json), (size_t)n, "/input", pointer);
    CHECK(strlen(pointer) < REFS_POINTER && strncmp(pointer, "/input/name~000/name~001", 24) == 0);
}

TEST(a_text_that_is_no_json_hurts_nobody)
{
    char deep[100], pointer[REFS_POINTER];
    memset(deep, '[', sizeof deep);
    refs_pointer((struct str){deep, sizeof deep}, sizeof deep, "", pointer);
    CHECK(strncmp(pointer, "/0/0/0", 6) == 0);
    refs_pointer(STR("]},\"a"), 100, "/input", pointer);
    CHECK_STR(str_of(pointer), "/input");
    refs_pointer(STR("{\"a"), 100, "", pointer);
    CHECK_STR(str_of(pointer), "/a");
}

TEST_MAIN
