/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper ends trees: deaf, stopped, escaped, left behind, and such that fork faster than one can look. The bombs
 * are bounded in numbers used up, not in how hard they are to catch.
 */
#include "test/unit/handler/keeper_rig.h"

#define HOPPERS 200
#define HOPS 80 /* each gives up after so many: even with no one to reap them they cannot use up the machine's pids */

TEST(end_of_file_on_the_control_pipe_kills_the_tree)
{
    start_shell("tail -f /dev/null & setsid tail -f /dev/null & echo up; trap '' TERM; tail -f /dev/null");
    expect_output("up\n");
    shut(&k.control);
    check_reports("signal 9\nclean\n");
}

TEST(the_order_to_terminate_reaches_every_descendant)
{
    start_shell("trap 'wait; echo parent; exit 5' TERM;"
                "(trap 'echo child; exit 0' TERM; echo up; while :; do tail -f /dev/null & wait; done) & wait; wait");
    expect_output("up\n");
    order(KEEPER_TERM);
    expect_output("child\nparent\n");
    check_reports("exit 5\nclean\n");
}

TEST(a_program_deaf_to_the_order_is_killed_by_the_next)
{
    start_shell("trap '' TERM; echo up; while :; do tail -f /dev/null; done");
    expect_output("up\n");
    order(KEEPER_TERM);
    struct pollfd p = {.fd = k.report, .events = POLLIN};
    wait_reported("pid ");
    CHECK_INT(poll(&p, 1, 100), 0); /* it lives on; a keeper that killed would have said so */
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(a_stopped_tree_is_killed)
{
    start_shell("kill -STOP $$");
    wait_reported("\n");
    wait_stopped((int)strtol(k.said + 4, NULL, 10));
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(a_stopped_program_hears_the_order_to_terminate)
{
    start_shell("trap 'exit 4' TERM; kill -STOP $$; while :; do :; done");
    wait_reported("\n");
    wait_stopped((int)strtol(k.said + 4, NULL, 10));
    order(KEEPER_TERM);
    check_reports("exit 4\nclean\n");
}

TEST(a_grandchild_with_a_session_of_its_own_and_a_double_fork_does_not_escape)
{
    start_shell(
        "setsid sh -c '(trap \"\" TERM HUP; (trap \"\" TERM HUP; echo up; tail -f /dev/null) & exit 0) & exit 0' &"
        "wait; tail -f /dev/null");
    expect_output("up\n");
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(what_the_program_leaves_behind_is_killed_at_its_end)
{
    start_shell("setsid sh -c 'tail -f /dev/null & echo up; exec tail -f /dev/null' & read x; exit 3");
    check_reports("exit 3\nclean\n");
}

/* A process that is always somewhere else: it forks and ends, over and over, with a breath now and then that bounds how
 * fast numbers are used up. Each tells that it is under way, and whoever is not killed in time tells that. */
static _Noreturn void hop(bool new_session)
{
    for (int hops = 0; hops < HOPS; hops++) {
        pid_t pid = fork();
        if (pid > 0) _exit(0);
        if (pid == 0 && new_session) setsid();
        if (hops == 2 && write(1, "u", 1) != 1) _exit(1);
        if (hops % 4 == 3) poll(NULL, 0, 200); /* sleep: not a wait, see above; four seconds in all, so that a late killer is in time */
    }
    _exit(write(1, "G", 1) == 1 ? 0 : 1);
}

static int bomb(const char *how)
{
    bool new_session = strcmp(how, "sessions") == 0;
    int gate[2];
    char c;
    if (pipe2(gate, O_CLOEXEC) < 0) return 1;
    for (int i = 0; i < HOPPERS; i++) {
        if (fork() != 0) continue;
        close(gate[1]);
        if (read(gate[0], &c, 1) == 0) hop(new_session);
        _exit(1);
    }
    close(gate[1]);
    for (;;) pause();
}

/* The order comes while they are at it; none may get to its end. Niceness as workers have it. */
static void kill_bomb(const char *how)
{
    const char *program[] = {"/proc/self/exe", "--bomb", how, NULL};
    char rest[4096];
    nice_text = "5";
    start(program);
    nice_text = "0";
    expect_output("u");
    order(KEEPER_KILL);
    wait_over();
    ssize_t n = read(k.out, rest, sizeof rest);
    CHECK(n >= 0 && n < HOPPERS && !memchr(rest, 'G', (size_t)n));
    CHECK(tree_is_dead());
    CHECK(strstr(k.said, "signal 9\nclean\n"));
}

TEST(two_hundred_processes_that_keep_forking_are_killed) { kill_bomb("group"); }

TEST(two_hundred_processes_that_keep_forking_into_new_sessions_are_killed) { kill_bomb("sessions"); }

TEST(signals_from_a_terminal_do_not_end_the_keeper)
{
    start_shell("echo up; exec tail -f /dev/null");
    expect_output("up\n");
    kill(k.pid, SIGINT);
    kill(k.pid, SIGTERM);
    kill(k.pid, SIGHUP);
    kill(k.pid, SIGQUIT);
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(a_killed_keeper_takes_its_program_along)
{
    start_shell("echo up; exec tail -f /dev/null");
    expect_output("up\n");
    kill(k.pid, SIGKILL);
    wait_over();
    char text[16];
    CHECK_INT(read_soon(k.out, text, sizeof text), 0); /* end of file: the program is dead */
    shut(&k.out);
    CHECK(!strstr(k.said, "clean"));
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    if (argc > 2 && strcmp(argv[1], "--bomb") == 0) return bomb(argv[2]);
    return rig_main(argc, argv);
}
