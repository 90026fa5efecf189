/* SPDX-License-Identifier: Apache-2.0
 *
 * The input of the type `command`: what is taken, and what is refused where.
 */
#include "handler/command.h"
#include "test.h"

TEST(argv_cwd_and_env_are_taken_as_they_are)
{
    struct arena a = {0};
    struct command c;
    struct err e = {0};
    CHECK_INT(
        command_read(
            STR("{\"argv\":[\"echo\",\"\",\"$HOME; \\\"x\\\"\",\"\\u00e9\"],\"cwd\":\"/tmp\",\"env\":{\"A\":\"b=c\"}}"),
            &a, &c, &e),
        0);
    CHECK(strcmp(c.argv[0], "echo") == 0 && strcmp(c.argv[1], "") == 0 && strcmp(c.argv[2], "$HOME; \"x\"") == 0);
    CHECK(strcmp(c.argv[3], "\xc3\xa9") == 0 && c.argv[4] == NULL);
    CHECK(strcmp(c.cwd, "/tmp") == 0);
    CHECK(strcmp(c.env[0], "A=b=c") == 0 && c.env[1] == NULL);
    CHECK_INT(command_read(STR("{\"argv\":[\"true\"],\"cwd\":null,\"env\":null}"), &a, &c, &e), 0);
    CHECK(c.cwd == NULL && c.env == NULL);
    arena_release(&a);
}

TEST(what_is_no_command_line_is_refused_with_the_place)
{
    static const struct {
        const char *input, *pointer;
    } rows[] = {
        {"[\"echo\"]", "/input"},
        {"{}", "/input/argv"},
        {"{\"argv\":\"echo hello\"}", "/input/argv"},
        {"{\"argv\":[]}", "/input/argv"},
        {"{\"argv\":[\"\"]}", "/input/argv/0"},
        {"{\"argv\":[\"echo\",1]}", "/input/argv/1"},
        {"{\"argv\":[\"echo\",\"a\\u0000b\"]}", "/input/argv/1"},
        {"{\"argv\":[\"echo\"],\"cwd\":\"tmp\"}", "/input/cwd"},
        {"{\"argv\":[\"echo\"],\"cwd\":\"\"}", "/input/cwd"},
        {"{\"argv\":[\"echo\"],\"cwd\":7}", "/input/cwd"},
        {"{\"argv\":[\"echo\"],\"env\":[]}", "/input/env"},
        {"{\"argv\":[\"echo\"],\"env\":{\"\":\"x\"}}", "/input/env"},
        {"{\"argv\":[\"echo\"],\"env\":{\"A=B\":\"x\"}}", "/input/env"},
        {"{\"argv\":[\"echo\"],\"env\":{\"A\":1}}", "/input/env"},
        {"{\"argv\":[\"echo\"],\"shell\":true}", "/input"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a = {0};
        struct command c;
        struct err e = {0};
        CHECK_INT(command_read(str_of(rows[i].input), &a, &c, &e), ERR_INVALID);
        CHECK_STR(str_of(e.pointer), rows[i].pointer);
        arena_release(&a);
    }
}

TEST_MAIN
