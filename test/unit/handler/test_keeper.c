/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper: what it reports, whether it starts at all, and what the program finds. How it ends trees is in
 * test_keeper_tree.c.
 */
#include "test/unit/handler/keeper_rig.h"
#include <sys/file.h>
#include <sys/resource.h>

TEST(an_exit_status_is_reported_and_the_tree_is_clean)
{
    start_shell("exit 7");
    check_reports("exit 7\nclean\n");
}

TEST(the_end_by_a_signal_is_reported)
{
    start_shell("kill -QUIT $$");
    check_reports("signal 3\nclean\n");
}

TEST(a_program_that_is_not_there_is_reported_with_its_errno)
{
    const char *program[] = {"/no/such/program", NULL}, *in_path[] = {"no-such-program-anywhere", NULL};
    start(program);
    check_reports("exec 2\nexit 127\nclean\n");
    start(in_path);
    CHECK(strstr(wait_over(), "exec 2\n"));
    CHECK(tree_is_dead());
}

TEST(a_program_that_may_not_be_run_is_reported_with_its_errno)
{
    const char *program[] = {lock_path, NULL};
    start(program);
    check_reports("exec 13\nexit 127\nclean\n");
}

TEST(a_working_directory_that_is_not_there_is_reported_with_its_errno)
{
    cwd = "/no/such/directory";
    start_shell("exit 0");
    cwd = "";
    CHECK(strstr(wait_over(), "cwd 2\n"));
    CHECK(tree_is_dead());
}

TEST(a_program_with_a_slash_is_looked_up_from_its_working_directory)
{
    char path[64];
    snprintf(path, sizeof path, "%s/hello", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    CHECK(write(fd, "#!/bin/sh\npwd\n", 14) == 14);
    close(fd);
    const char *program[] = {"./hello", NULL};
    cwd = dir;
    start(program);
    cwd = "";
    expect_output(dir);
    check_reports("exit 0\nclean\n");
    unlink(path);
}

TEST(the_lock_is_held_shared_while_the_tree_lives_and_freed_with_it)
{
    int lock = open(lock_path, O_RDWR | O_CLOEXEC);
    start_shell("echo up; exec tail -f /dev/null");
    expect_output("up\n");
    CHECK_INT(flock(lock, LOCK_EX | LOCK_NB), -1);
    CHECK_INT(flock(lock, LOCK_SH | LOCK_NB), 0);
    CHECK_INT(flock(lock, LOCK_UN), 0);
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
    CHECK_INT(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
}

TEST(nothing_starts_when_the_lock_cannot_be_had)
{
    int lock = open(lock_path, O_RDWR | O_CLOEXEC);
    CHECK_INT(flock(lock, LOCK_EX | LOCK_NB), 0);
    start_shell("echo started");
    CHECK_STR(str_of(wait_over()), "lock 11\nclean\n");
    char text[16];
    CHECK_INT(read(k.out, text, sizeof text), 0);
    shut(&k.out);
    close(lock);
}

TEST(a_lock_that_is_held_for_a_moment_is_waited_for)
{
    int lock = open(lock_path, O_RDWR | O_CLOEXEC), status;
    CHECK_INT(flock(lock, LOCK_EX | LOCK_NB), 0);
    start_shell("echo up");
    pid_t look = fork(); /* lets it go when the keeper has had time for a first try */
    CHECK(look >= 0);
    if (look == 0) {
        poll(NULL, 0, 100); /* sleep: that a try failed is not to be seen from outside */
        flock(lock, LOCK_UN);
        _exit(0);
    }
    close(lock);
    expect_output("up\n");
    check_reports("exit 0\nclean\n");
    CHECK_INT(waitpid(look, &status, 0), look);
}

TEST(nothing_starts_when_bide_is_gone_already)
{
    int gone[2], report[2], status;
    char text[64];
    CHECK_INT(pipe2(gone, O_CLOEXEC), 0);
    CHECK_INT(pipe2(report, O_CLOEXEC), 0);
    close(gone[1]);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        int theirs[KEEPER_FDS] = {gone[0], 2, 2, gone[0], gone[0], gone[0], report[1]};
        const char *program[] = {"true", NULL};
        for (int i = 0; i < KEEPER_FDS; i++) theirs[i] = fcntl(theirs[i], F_DUPFD_CLOEXEC, 50);
        exec_keeper(theirs, program);
    }
    close(gone[0]);
    close(report[1]);
    CHECK_INT(read(report[0], text, sizeof text), 0); /* not even "clean" */
    close(report[0]);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(the_program_starts_with_default_signals_its_own_session_and_nothing_else_open)
{
    char text[4096] = "", sid[32];
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGUSR1, &ignore, NULL);
    start_shell("grep -E '^Sig(Blk|Ign|Cgt)|^NoNewPrivs' /proc/self/status; ls /proc/self/fd; ps -o sid= -p $$");
    ignore.sa_handler = SIG_DFL;
    sigaction(SIGUSR1, &ignore, NULL);
    wait_over();
    size_t len = 0;
    for (ssize_t n; (n = read(k.out, text + len, sizeof text - 1 - len)) > 0;) len += (size_t)n;
    shut(&k.out);
    CHECK(strstr(text, "SigBlk:\t0000000000000000\n"));
    CHECK(strstr(text, "SigIgn:\t0000000000000200\n")); /* USR1: the test ignored it; posix_spawn is not used here */
    CHECK(strstr(text, "NoNewPrivs:\t1\n"));
    CHECK(strstr(text, "\n0\n1\n2\n3\n")); /* 3 is ls's own look at the folder */
    CHECK(!strstr(text, "\n4\n"));
    snprintf(sid, sizeof sid, "%d\n", (int)strtol(k.said + 4, NULL, 10));
    CHECK(strstr(text, sid));
}

TEST(the_soft_limit_of_open_files_is_lowered_never_raised)
{
    char most[32];
    struct rlimit r;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &r), 0);
    files_text = "64";
    start_shell("ulimit -Sn; ulimit -Hn");
    snprintf(most, sizeof most, "64\n%llu\n", (unsigned long long)r.rlim_max);
    expect_output(r.rlim_max == RLIM_INFINITY ? "64\nunlimited\n" : most);
    check_reports("exit 0\nclean\n");
    files_text = "99999999999";
    start_shell("ulimit -Sn");
    files_text = "0";
    snprintf(most, sizeof most, "%llu\n", (unsigned long long)r.rlim_cur);
    expect_output(most);
    check_reports("exit 0\nclean\n");
}

TEST(niceness_is_added)
{
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d\n",
             getpriority(PRIO_PROCESS, 0) + 3 > 19 ? 19 : getpriority(PRIO_PROCESS, 0) + 3);
    nice_text = "3";
    start_shell("nice");
    nice_text = "0";
    expect_output(wanted);
    check_reports("exit 0\nclean\n");
}

TEST(marked_variables_are_the_programs_alone_and_replace_others)
{
    setenv("BIDE_TEST_KEPT", "kept", 1);
    setenv("BIDE_TEST_OLD", "old", 1);
    setenv(KEEPER_ENV "BIDE_TEST_OLD", "new", 1);
    setenv(KEEPER_ENV "BIDE_TEST_ADDED", "a=b", 1);
    start_shell("echo $BIDE_TEST_KEPT $BIDE_TEST_OLD $BIDE_TEST_ADDED; env | grep -c BIDE_TEST_[KOA]");
    unsetenv(KEEPER_ENV "BIDE_TEST_OLD");
    unsetenv(KEEPER_ENV "BIDE_TEST_ADDED");
    unsetenv("BIDE_TEST_OLD");
    unsetenv("BIDE_TEST_KEPT");
    expect_output("kept new a=b\n3\n");
    check_reports("exit 0\nclean\n");
}

TEST(too_few_arguments_are_refused)
{
    char *argv[] = {(char *)"bide", (char *)KEEPER_OPTION, NULL};
    CHECK_INT(keeper_main(2, argv), 64);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return rig_main(argc, argv);
}
