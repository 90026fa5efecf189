/* SPDX-License-Identifier: Apache-2.0
 *
 * Which program a child becomes.
 */
#include "test/unit/handler/child_rig.h"
#include <errno.h>

/* A file of the rig's directory; its path is good until the next. */
static const char *script(const char *name, const char *text, mode_t mode)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

TEST(a_script_that_names_no_interpreter_is_for_the_shell)
{
    begin();
    const char *path = script("plain", "echo \"$1 and $2\"; exit 5\n", 0700);
    const char *argv[] = {path, "a", "b", NULL};
    struct child_spec spec = {.argv = argv};
    CHECK_INT(start(&one, &spec), 0);
    run();
    unlink(path);
    CHECK(one.how.started);
    CHECK_INT(one.how.status, 5);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "a and b\n");
    finish();
}

TEST(a_program_is_the_first_in_its_own_path_that_may_run)
{
    char env_path[256];
    begin();
    const char *path = script("plain", "echo found\n", 0700);
    snprintf(env_path, sizeof env_path, "PATH=/no/such/folder:%s/fifo:%s:/bin", dir, dir);
    const char *argv[] = {"plain", NULL}, *env[] = {env_path, NULL};
    struct child_spec spec = {.argv = argv, .env = env};
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "found\n");
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_INT(start(&one, &spec), 0);
    run();
    unlink(path);
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, EACCES);
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, ENOENT);
    finish();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return rig_main(argc, argv, test_main);
}
