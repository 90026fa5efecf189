/* SPDX-License-Identifier: Apache-2.0
 *
 * Both handlers over real processes: the seam between them and the spawner, in the loop. What they do in all cases is
 * tested on the fake spawner; here, that the two halves fit.
 */
#include "fake.h"
#include "handler/child_keeper.h"
#include "handler/exec.h"
#include "handler/keeper.h"
#include "handler/worker_pool.h"
#include <fcntl.h>

#define GUARD_MS 20000

static char data_dir[] = "/tmp/bide-handlers-XXXXXX";
static struct turn turn;
static struct loop *loop;
static struct spawner *spawner;
static char lock[64];
static struct handler *handler;
static struct timer guard;
static struct heard h;
static bool timed_out, has_room, drained;

static void on_guard(struct timer *t)
{
    (void)t;
    timed_out = true;
    loop_stop(loop);
}

static void on_room(struct handler *x)
{
    (void)x;
    has_room = true;
    loop_stop(loop);
}

static void on_drained(void *user)
{
    (void)user;
    drained = true;
    loop_stop(loop);
}

static void on_verdict(struct heard *x)
{
    (void)x;
    loop_stop(loop);
}

static void run_until(const bool *flag, const int *count)
{
    turn_timer(&turn, &guard, GUARD_MS, on_guard);
    while (!timed_out && !(flag && *flag) && !(count && *count)) loop_run(loop);
    turn_timer_stop(&turn, &guard);
    CHECK(!timed_out);
}

static void begin(void)
{
    struct err e;
    timed_out = has_room = drained = false;
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    CHECK_INT(child_keeper_open(&spawner, loop, lock, 0, &e), 0);
}

static void give(int number, const char *input)
{
    struct err e = {0};
    heard_init(&h, handler, number, input);
    h.body.grace_ms = 400;
    h.then = on_verdict;
    int rc = handler->ops->start(handler, &(struct attempt *){&h.attempt}, 1, &e);
    if (rc != 0) fprintf(stderr, "%s\n", e.text);
    CHECK_INT(rc, 0);
}

static void end(void)
{
    handler->ops->drain(handler, on_drained, NULL);
    run_until(&drained, NULL);
    handler->ops->free(handler);
    child_keeper_close(spawner);
    loop_close(loop);
    turn_release(&turn);
}

static struct worker_pool_conf pool_conf;

static void begin_pool(const char *script)
{
    static const char *command[] = {"sh", "-c", NULL, NULL};
    command[2] = script;
    pool_conf = (struct worker_pool_conf){.name = "shell", .command = command, .instances = 1, .keep_alive_ms = -1};
    begin();
    CHECK_INT(worker_pool_new(&handler, &turn, spawner, &pool_conf), 0);
    handler->on_room = on_room;
    handler->ops->want(handler, 1, 0);
    run_until(&has_room, NULL);
}

/* The smallest worker: reads a line, prints a done, with the id of the line and no fence. */
#define MINIMAL                                                                      \
    "echo '{\"op\":\"ready\"}' >&4; while read -r line <&3; do "                     \
    "case $line in *'\"run\"'*) id=${line#*'\"id\":\"'}; id=${id%%'\"'*}; "          \
    "echo working on $id >&2; "                                                      \
    "echo '{\"op\":\"done\",\"id\":\"'$id'\",\"result\":'$$'}' >&4;; *) exit 0;; esac; done"

TEST(a_shell_script_is_a_worker)
{
    char first[32];
    begin_pool(MINIMAL);
    give(1, "{\"a\": 1}");
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK(str_copy(first, sizeof first, h.result));
    heard_release(&h);
    give(2, "{}");
    run_until(NULL, &h.n_verdicts);
    CHECK_STR(h.result, first); /* the same process */
    heard_release(&h);
    end();
}

TEST(a_worker_that_dies_in_the_middle_is_a_crash)
{
    begin_pool("echo '{\"op\":\"ready\"}' >&4; read -r line <&3; echo out of memory >&2; exit 7");
    give(1, "{}");
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_CRASHED);
    CHECK_STR(h.message, "the worker ended with exit status 7");
    CHECK_STR(h.detail, "out of memory\n");
    CHECK(heard_logged(&h, "out of memory\n"));
    heard_release(&h);
    end();
}

TEST(a_worker_that_ignores_everything_is_dead_within_grace_and_its_children_too)
{
    begin_pool("trap '' TERM; echo '{\"op\":\"ready\"}' >&4; read -r line <&3; setsid cat /dev/zero >/dev/null & wait");
    give(1, "{}");
    handler->ops->stop(handler, &h.attempt, STOP_TIMEOUT);
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_TIMEOUT);
    heard_release(&h);
    end();
}

static struct exec_conf exec_conf;

static void begin_exec(const char *const *command)
{
    exec_conf = (struct exec_conf){.name = "line", .command = command};
    begin();
    CHECK_INT(exec_new(&handler, &turn, spawner, &exec_conf), 0);
}

TEST(a_program_reads_its_input_and_prints_its_result)
{
    static const char *const command[] = {"cat", NULL};
    begin_exec(command);
    give(1, "{\"a\": [1, 2]}");
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK_STR(h.result, "{\"a\": [1, 2]}");
    heard_release(&h);
    end();
}

TEST(a_program_gets_its_arguments_and_leaves_files_and_frames)
{
    static const char *const command[] = {
        "sh", "-c", "echo '{\"op\":\"progress\",\"percent\":50}' >&4; printf %s \"$1\" >\"$2/out.txt\"; echo \"$1\"", "sh",
        "{input.text}", "{dir}", NULL};
    begin_exec(command);
    give(1, "{\"text\":\"a  b $(c)\"}");
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_DONE);
    CHECK(h.percent == 50);
    CHECK_STR(h.result, "{\"stdout\":\"a  b $(c)\\n\"}");
    CHECK_STR(h.files, "[\"out.txt\"]");
    heard_release(&h);
    end();
}

TEST(a_program_that_is_not_there_is_said_so)
{
    static const char *const command[] = {"no-such-program", NULL};
    begin_exec(command);
    give(1, "{}");
    run_until(NULL, &h.n_verdicts);
    CHECK_STR(h.code, "load_failed");
    CHECK_STR(h.message, "cannot run no-such-program: No such file or directory");
    heard_release(&h);
    end();
}

TEST(a_program_is_stopped)
{
    static const char *const command[] = {"cat", "/dev/zero", NULL};
    static const char *const deaf[] = {"sh", "-c", "trap '' TERM; cat /dev/zero >/dev/null", NULL};
    begin_exec(deaf);
    give(1, "{}");
    handler->ops->stop(handler, &h.attempt, STOP_CANCEL);
    run_until(NULL, &h.n_verdicts);
    CHECK_INT(h.event, LIFE_STOPPED);
    heard_release(&h);
    end();
    begin_exec(command); /* without end */
    give(2, "{}");
    run_until(NULL, &h.n_verdicts);
    CHECK_STR(h.code, "output_too_large");
    heard_release(&h);
    end();
}

int main(int argc, char **argv)
{
    if (argc > 1 && str_eq(str_of(argv[1]), STR(KEEPER_OPTION))) return keeper_main(argc, argv);
    if (!mkdtemp(data_dir)) return 1;
    snprintf(lock, sizeof lock, "%s/keepers.lock", data_dir);
    int failed = test_main(argc, argv);
    unlink(lock);
    rmdir(data_dir);
    return failed;
}
