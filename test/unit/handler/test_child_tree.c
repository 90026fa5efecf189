/* SPDX-License-Identifier: Apache-2.0
 *
 * How children end: on_exit comes when the whole tree is dead, not before and not much after, whoever is killed.
 */
#include "handler/strays.h"
#include "test/unit/handler/child_rig.h"

TEST(a_program_deaf_to_sigterm_is_ended_by_sigkill)
{
    begin();
    start_line("trap 'echo heard' TERM; echo up; while :; do :; done", STR_NONE, false);
    one.stop_at = 3;
    run();
    child_signal_tree(&one.child, SIGTERM);
    one.stop_at = 9;
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "up\nheard\n");
    CHECK_INT(one.exits, 0);
    child_signal_tree(&one.child, SIGKILL);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK(tree_is_dead());
    finish();
}

TEST(a_grandchild_that_escaped_twice_dies_with_the_tree)
{
    begin();
    one.stop_at = 3;
    one.kill_at = true;
    start_line("setsid sh -c '(trap \"\" TERM HUP; echo up; tail -f /dev/null) & exit 0'; tail -f /dev/null", STR_NONE,
               false);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK(tree_is_dead());
    finish();
}

TEST(a_grandchild_that_holds_the_pipes_does_not_delay_the_end)
{
    int64_t before_ms = clock_mono_ms(&clock_system);
    begin();
    start_line("setsid tail -f /dev/null & echo last words; exit 0", STR_NONE, true);
    run();
    CHECK_INT(one.how.status, 0);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "last words\n");
    CHECK(tree_is_dead());
    CHECK(clock_mono_ms(&clock_system) - before_ms < 5000);
    finish();
}

TEST(the_end_of_the_frames_is_told_once_nobody_of_the_tree_has_them)
{
    begin();
    one.stop_at = 3;
    start_line("tail -f /dev/null & exec 4>&-; echo up; tail -f /dev/null", STR_NONE, true);
    run();
    CHECK_INT(one.hung_up, 0); /* the one in the background has them */
    child_signal_tree(&one.child, SIGKILL);
    run();
    finish();
    begin();
    one.stop_at_hang_up = true;
    start_line("exec 4>&-; tail -f /dev/null", STR_NONE, true);
    run();
    CHECK_INT(one.hung_up, 1);
    CHECK_INT(one.exits, 0);
    child_signal_tree(&one.child, SIGKILL);
    run();
    CHECK_INT(one.hung_up, 1);
    finish();
}

/* The number of the keeper, which the program tells. */
static int keeper_of(struct run *r) { return (int)strtol(r->out[CHILD_STDOUT].p, NULL, 10); }

TEST(a_stopped_child_under_a_stopped_keeper_is_killed)
{
    begin();
    one.stop_at = 2;
    start_line("echo $PPID; kill -STOP $$", STR_NONE, false);
    run();
    CHECK(keeper_of(&one) > 1);
    CHECK_INT(kill(keeper_of(&one), SIGSTOP), 0);
    wait_stopped(keeper_of(&one));
    wait_stopped(one.child.pid);
    child_signal_tree(&one.child, SIGKILL);
    kill(keeper_of(&one), SIGSTOP); /* once more, after the order */
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK(tree_is_dead());
    finish();
}

TEST(a_killed_keeper_counts_as_the_end_and_takes_the_program_along)
{
    begin();
    start_line("echo up; kill -KILL $PPID; exec tail -f /dev/null", STR_NONE, false);
    run();
    CHECK(one.how.started);
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK_INT(one.how.status, -1);
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "up\n");
    struct pollfd p = {.fd = fifo, .events = POLLIN};
    CHECK(poll(&p, 1, GUARD_MS) == 1 && (p.revents & POLLHUP));
    finish();
}

TEST(what_escaped_from_a_killed_keeper_is_killed_too_before_the_end)
{
    begin();
    start_line("setsid sh -c '(trap \"\" TERM HUP; echo up; tail -f /dev/null) & tail -f /dev/null' | { read up; kill -KILL $PPID; tail -f /dev/null; }",
               STR_NONE, false);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK(tree_is_dead());
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* and taken in */
    finish();
}

TEST(a_keeper_that_is_stopped_without_pause_is_killed_and_its_tree_too)
{
    begin();
    one.stop_at = 2;
    start_line("echo $PPID; setsid tail -f /dev/null & tail -f /dev/null", STR_NONE, false);
    run();
    for (int i = 0; i < 4; i++) /* children of ours that are no keepers: they are ended like what it left */
        if (fork() == 0) {
            alarm(GUARD_MS / 1000); /* should the test fail */
            for (;;) kill(keeper_of(&one), SIGSTOP);
        }
    wait_stopped(keeper_of(&one));
    child_signal_tree(&one.child, SIGKILL);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK(tree_is_dead());
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    finish();
}

static bool no_keeper(void *user, int pid)
{
    (void)user;
    (void)pid;
    return false;
}

static pid_t idle_child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    return pid;
}

TEST(with_children_of_somebody_elses_all_orphans_are_left_alone)
{
    struct strays strays;
    int status;
    pid_t inherited = idle_child();
    strays_init(&strays);
    CHECK(strays_end(&strays, no_keeper, NULL));
    CHECK_INT(waitpid(inherited, &status, WNOHANG), 0);
    kill(inherited, SIGKILL);
    CHECK_INT(waitpid(inherited, &status, 0), inherited);

    strays_init(&strays); /* without, a child that is no keeper is one of those */
    idle_child();
    CHECK(!strays_end(&strays, no_keeper, NULL));
    for (int tries = 0; !strays_end(&strays, no_keeper, NULL) && tries < GUARD_MS; tries++)
        poll(NULL, 0, 1); /* sleep: until the next look */
    CHECK_INT(waitpid(-1, &status, WNOHANG), -1);
}

TEST(closing_the_spawner_kills_what_lives_and_calls_nobody)
{
    begin();
    one.stop_at = 3;
    start_line("trap '' TERM; setsid sh -c 'trap \"\" TERM HUP; tail -f /dev/null' & echo up; tail -f /dev/null",
               STR_NONE, true);
    run();
    finish();
    CHECK_INT(one.exits, 0);
    fifo = open(fifo_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(tree_is_dead());
    close(fifo);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

/* What `--bide` does: a server that starts a tree and waits to be killed. */
static int be_bide(const char *lock, const char *script)
{
    struct err e;
    const char *argv[] = {"sh", "-c", script, NULL};
    struct child_spec spec = {.argv = argv};
    run_init(&one);
    turn_init(&turn, &clock_system, rng_system());
    if (loop_open(&loop, &turn, &e) < 0 || child_keeper_open(&spawner, loop, lock, 0, &e) < 0) return 1;
    if (child_start(spawner, &one.child, &spec, &e) < 0) return 1;
    loop_run(loop);
    return 1;
}

/* `first` is what the program does before the server is killed. */
static void kill_server(const char *first)
{
    char script[256], byte;
    struct err e;
    int status;
    begin();
    CHECK_INT(keeper_lock_wait(lock_path, 0, &e), 0);
    snprintf(script, sizeof script,
             "exec 9>%s; setsid sh -c 'trap \"\" TERM HUP; tail -f /dev/null' & %s echo x >&9; exec tail -f /dev/null",
             fifo_path, first);
    pid_t bide = fork();
    CHECK(bide >= 0);
    if (bide == 0) {
        execl("/proc/self/exe", "bide", "--bide", lock_path, script, (char *)NULL);
        _exit(1);
    }
    struct pollfd p = {.fd = fifo, .events = POLLIN};
    do {
        CHECK_INT(poll(&p, 1, GUARD_MS), 1); /* hung up until the first writer comes */
    } while (read(fifo, &byte, 1) != 1);
    CHECK_INT(keeper_lock_wait(lock_path, 30, &e), ERR_LOCKED);
    CHECK(strstr(e.text, "keepers.lock"));
    CHECK_INT(kill(bide, SIGKILL), 0);
    CHECK_INT(waitpid(bide, &status, 0), bide);
    CHECK_INT(keeper_lock_wait(lock_path, GUARD_MS, &e), 0);
    while (read(fifo, &byte, 1) == 1) continue; /* the line feed after x */
    CHECK(tree_is_dead());
    finish();
}

TEST(a_killed_server_leaves_nothing_alive_and_its_successor_waits_for_that) { kill_server(""); }

TEST(a_killed_server_leaves_nothing_alive_under_a_keeper_that_was_stopped) { kill_server("kill -STOP $PPID;"); }

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    if (argc > 3 && strcmp(argv[1], "--bide") == 0) return be_bide(argv[2], argv[3]);
    return rig_main(argc, argv, test_main);
}
