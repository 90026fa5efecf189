/* SPDX-License-Identifier: Apache-2.0
 *
 * Files in the directory of an attempt, in which a program may have put anything.
 */
#include "base/limits.h"
#include "handler/dir.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[32], path[128];
static struct err e;
static struct arena arena;

static const char *at(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void begin(void)
{
    snprintf(dir, sizeof dir, "/tmp/bide-dir-XXXXXX");
    CHECK(mkdtemp(dir));
    arena_init(&arena);
}

static void finish(void)
{
    arena_release(&arena);
    CHECK_INT(rmdir(dir), 0);
}

TEST(a_file_is_written_replaced_and_read)
{
    struct str text;
    begin();
    CHECK_INT(dir_write(dir, "a", STR("longer"), &e), 0);
    CHECK_INT(dir_write(dir, "a", STR("new"), &e), 0);
    CHECK_INT(dir_read(dir, STR("a"), 10, &arena, &text, &e), 0);
    CHECK_STR(text, "new");
    CHECK_INT(dir_read(dir, STR("a"), 2, &arena, &text, &e), ERR_TOO_BIG);
    CHECK_INT(dir_read(dir, STR("b"), 2, &arena, &text, &e), ERR_NOT_FOUND);
    CHECK_INT(dir_read(dir, STR("../a"), 2, &arena, &text, &e), ERR_INVALID);
    unlink(at("a"));
    finish();
}

TEST(a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for)
{
    begin();
    CHECK_INT(mkfifo(at("p"), 0600), 0);
    CHECK_INT(dir_write(dir, "p", STR("x"), &e), ERR_INVALID);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK_INT(dir_write(dir, "p", STR("x"), &e), ERR_INVALID);
    CHECK_STR(str_of(e.text), "p is not a regular file");
    char byte;
    CHECK_INT(read(reader, &byte, 1), 0);
    close(reader);
    unlink(path);
    finish();
}

TEST(a_machine_without_descriptors_is_told_from_a_file_that_is_bad)
{
    struct rlimit all, none;
    struct str text, *names;
    size_t n, over;
    begin();
    CHECK_INT(dir_write(dir, "a", STR("1"), &e), 0);
    getrlimit(RLIMIT_NOFILE, &all);
    none = (struct rlimit){0, all.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int written = dir_write(dir, "b", STR("1"), &e), read = dir_read(dir, STR("a"), 10, &arena, &text, &e);
    int listed = dir_list(dir, NULL, 0, &arena, &names, &n, &over, &e);
    setrlimit(RLIMIT_NOFILE, &all);
    CHECK_INT(written, ERR_AGAIN);
    CHECK_INT(read, ERR_AGAIN);
    CHECK_INT(listed, ERR_AGAIN);
    unlink(at("a"));
    finish();
}

TEST(a_list_has_the_first_files_by_name_and_says_how_many_more_there_are)
{
    struct str *names;
    size_t n, over;
    char name[16];
    begin();
    for (int i = LIMIT_FILES + 9; i >= 0; i--) {
        snprintf(name, sizeof name, "f%03d", i);
        CHECK_INT(dir_write(dir, name, STR("1"), &e), 0);
    }
    CHECK_INT(dir_list(dir, &STR("f000"), 1, &arena, &names, &n, &over, &e), 0);
    CHECK_INT(n, LIMIT_FILES);
    CHECK_INT(over, 9);
    CHECK_STR(names[0], "f001");
    CHECK_STR(names[LIMIT_FILES - 1], "f256");
    for (int i = LIMIT_FILES + 9; i >= 0; i--) {
        snprintf(name, sizeof name, "f%03d", i);
        unlink(at(name));
    }
    finish();
}

TEST_MAIN
