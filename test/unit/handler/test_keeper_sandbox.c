/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program and its descendants cannot do any more when its keeper was given orders, and that the keeper can still
 * end them. Another user takes root, and paths a kernel with Landlock: without them those tests say so and are no
 * tests.
 */
#include "handler/keeper_landlock.h"
#include "test/unit/handler/keeper_rig.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define NOBODY "65534"

static bool lacks_root(void)
{
    if (geteuid() == 0) return false;
    printf("not tested: changing to another user takes root\n");
    return true;
}

static bool lacks_landlock(void)
{
    if (keeper_landlock_version() >= KEEPER_LANDLOCK_NEEDED) return false;
    printf("not tested: this kernel's Landlock is version %d\n", keeper_landlock_version());
    return true;
}

static void start_with(const char *const *said, const char *line)
{
    orders = said;
    start_shell(line);
    orders = NULL;
}

/* A folder below the rig's that anybody may write; its path is good until the next. */
static const char *folder(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_INT(mkdir(path, 0777), 0);
    CHECK_INT(chmod(path, 0777), 0);
    return path;
}

static void set(char text[128], const char *word, const char *value) { snprintf(text, 128, "%s=%s", word, value); }

TEST(limits_are_soft_and_hard_and_cpu_has_five_seconds_between)
{
    const char *said[] = {"memory=4294967296", "files=64", "processes=999", "cpu=7", "file_size=4096", "core=0", NULL};
    start_with(
        said,
        "ulimit -Sv; ulimit -Hv; ulimit -Sn; ulimit -Hn; ulimit -Sp; ulimit -St; ulimit -Ht; ulimit -Sf; ulimit -Hc");
    expect_output("4194304\n4194304\n64\n64\n999\n7\n12\n8\n0\n");
    check_reports("exit 0\nclean\n");
}

TEST(core_files_may_be_as_large_as_the_hard_limit_lets_them_be)
{
    char wanted[64];
    struct rlimit r;
    const char *said[] = {"core=max", NULL};
    CHECK_INT(getrlimit(RLIMIT_CORE, &r), 0);
    start_with(said, "[ \"$(ulimit -Sc)\" = \"$(ulimit -Hc)\" ] && echo same");
    snprintf(wanted, sizeof wanted, "same\n");
    expect_output(wanted);
    check_reports("exit 0\nclean\n");
}

TEST(a_limit_above_the_hard_one_is_refused_by_its_name_even_for_root)
{
    char files[64];
    struct rlimit r;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &r), 0);
    snprintf(files, sizeof files, "files=%llu", (unsigned long long)r.rlim_max + 1);
    const char *said[] = {files, NULL};
    start_with(said, "echo started");
    CHECK(strstr(wait_over(), "files 1\n"));
    CHECK(!strstr(k.said, "pid "));
    CHECK(tree_is_dead());
}

TEST(a_process_that_computes_longer_than_its_limit_hears_sigxcpu)
{
    const char *said[] = {"cpu=1", NULL};
    start_with(said, "while :; do :; done");
    check_reports("signal 24\nclean\n");
}

TEST(privileges_may_be_gained_only_when_that_was_ordered)
{
    const char *said[] = {"privileges=new", NULL};
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
        printf("not tested: this process has no_new_privs already\n");
        return;
    }
    start_shell("grep NoNewPrivs /proc/self/status");
    expect_output("NoNewPrivs:\t1\n");
    check_reports("exit 0\nclean\n");
    start_with(said, "grep NoNewPrivs /proc/self/status");
    expect_output("NoNewPrivs:\t0\n");
    check_reports("exit 0\nclean\n");
}

TEST(the_user_the_group_and_the_other_groups_are_changed_and_no_capability_is_left)
{
    const char *said[] = {"user=" NOBODY ":65533:7,8", NULL};
    if (lacks_root()) return;
    start_with(said, "id -ru; id -u; id -g; id -G; grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status");
    expect_output(NOBODY "\n" NOBODY "\n65533\n65533 7 8\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                         "CapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n");
    check_reports("exit 0\nclean\n");
}

TEST(another_user_may_open_his_output_by_name)
{
    const char *said[] = {"user=" NOBODY ":" NOBODY, NULL};
    if (lacks_root()) return;
    start_with(said, "echo by name >/proc/self/fd/1");
    expect_output("by name\n");
    check_reports("exit 0\nclean\n");
}

TEST(a_program_of_another_user_does_not_outlive_its_keeper)
{
    const char *said[] = {"user=" NOBODY ":" NOBODY, NULL};
    char rest[16];
    int status;
    if (lacks_root()) return;
    start_with(said, "echo up; exec tail -f /dev/null");
    expect_output("up\n");
    CHECK_INT(kill(k.pid, SIGKILL), 0);
    CHECK_INT(waitpid(k.pid, &status, 0), k.pid);
    k.pid = 0;
    CHECK_INT(read_soon(k.out, rest, sizeof rest), 0); /* nobody has it any more */
    shut(&k.out);
}

TEST(a_keeper_ends_what_another_user_runs_below_it)
{
    const char *said[] = {"user=" NOBODY ":" NOBODY, NULL};
    if (lacks_root()) return;
    start_with(said, "trap '' TERM; setsid sh -c 'trap \"\" TERM; echo up; while :; do sleep 1; done' & wait");
    expect_output("up\n");
    order(KEEPER_TERM);
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(a_user_who_cannot_go_to_the_directories_of_attempts_is_told_before_the_start)
{
    char attempts[128], wanted[128];
    const char *said[] = {"user=" NOBODY ":" NOBODY, attempts, NULL};
    if (lacks_root()) return;
    set(attempts, "attempts", folder("shut"));
    start_with(said, "echo started"); /* the rig's own folder is the owner's alone */
    snprintf(wanted, sizeof wanted, "attempts 13 %s/shut\n", dir);
    CHECK(strstr(wait_over(), wanted));
    CHECK(tree_is_dead());
    rmdir(attempts + sizeof "attempts");
}

TEST(orders_that_are_none_are_refused)
{
    const char *said[] = {"user=nobody", NULL};
    start_with(said, "echo started");
    CHECK(strstr(wait_over(), "user 22\n"));
    CHECK(tree_is_dead());
    char *argv[] = {(char *)"bide", (char *)KEEPER_OPTION, lock_path,   (char *)"0",  (char *)"0",
                    (char *)"",     (char *)"0",           (char *)"1", (char *)"sh", NULL};
    CHECK_INT(keeper_main(9, argv), 64); /* more orders than there are arguments */
}

/* ---- paths ---- */

TEST(nothing_can_be_changed_but_below_what_is_writable_not_by_a_descendant_either)
{
    char mine[128], line[1024];
    const char *said[] = {mine, NULL};
    if (lacks_landlock()) return;
    set(mine, "write", folder("mine"));
    CHECK_INT(close(open(lock_path, O_RDWR | O_CLOEXEC)), 0);
    snprintf(line, sizeof line,
             "exec 2>/dev/null; cd %s; echo a >mine/a && mkdir mine/b && mv mine/a mine/b/c && cat mine/b/c;"
             "echo b >outside || echo no file; mkdir new || echo no folder; rm keepers.lock || echo no removal;"
             "mv mine/b/c . || echo no move; ln -s x mine/../link || echo no link;"
             "setsid sh -c 'echo c >>keepers.lock' || echo no change; python3 -c 'import os; "
             "os.truncate(\"keepers.lock\", 0)' || echo no truncation;"
             "echo d >/dev/null && head -c 1 /etc/passwd >/dev/null && echo reads; rm -r mine/b",
             dir);
    start_with(said, line);
    expect_output("a\nno file\nno folder\nno removal\nno move\nno link\nno change\nno truncation\nreads\n");
    check_reports("exit 0\nclean\n");
    CHECK_INT(rmdir(mine + sizeof "write"), 0);
}

TEST(the_directories_of_attempts_are_writable_and_so_is_a_single_file)
{
    char attempts[128], one[128], line[512];
    const char *said[] = {attempts, "read=/", one, NULL};
    if (lacks_landlock()) return;
    set(attempts, "attempts", folder("attempts"));
    set(one, "write", lock_path);
    snprintf(line, sizeof line,
             "exec 2>/dev/null; cd %s; echo a >attempts/a && echo b >keepers.lock && echo both; echo c >c || echo no; "
             "rm attempts/a",
             dir);
    start_with(said, line);
    expect_output("both\nno\n");
    check_reports("exit 0\nclean\n");
    CHECK_INT(rmdir(attempts + sizeof "attempts"), 0);
}

TEST(nothing_can_be_read_but_below_what_is_readable_or_writable)
{
    char line[512], mine[128];
    const char *said[] = {"read=/usr", "read=/bin", "read=/lib", "read=/lib64", "read=/etc/ld.so.cache", mine, NULL};
    if (lacks_landlock() || access("/lib64", F_OK) < 0) return;
    set(mine, "write", folder("mine"));
    snprintf(line, sizeof line,
             "exec 2>/dev/null; cd %s; echo a >mine/a; cat mine/a; cat /etc/passwd || echo no; ls . || echo no list; "
             "cat keepers.lock || echo no lock; rm mine/a",
             dir);
    start_with(said, line);
    expect_output("a\nno\nno list\nno lock\n");
    check_reports("exit 0\nclean\n");
    CHECK_INT(rmdir(mine + sizeof "write"), 0);
}

TEST(a_path_that_is_not_there_is_told_by_its_name)
{
    const char *written[] = {"write=/no/such\nfolder", NULL}, *read[] = {"write=/tmp", "read=/no/such/one", NULL};
    if (lacks_landlock()) return;
    start_with(written, "echo started");
    CHECK(strstr(wait_over(), "write 2 /no/such?folder\n"));
    CHECK(tree_is_dead());
    start_with(read, "echo started");
    CHECK(strstr(wait_over(), "read 2 /no/such/one\n"));
    CHECK(tree_is_dead());
}

TEST(a_keeper_ends_what_is_confined_to_paths)
{
    const char *said[] = {"write=/tmp", NULL};
    if (lacks_landlock()) return;
    start_with(said, "(setsid sh -c 'trap \"\" TERM; echo up; while :; do sleep 1; done' &) ; trap '' TERM; while :; "
                     "do sleep 1; done");
    expect_output("up\n");
    order(KEEPER_KILL);
    check_reports("signal 9\nclean\n");
}

TEST(all_of_it_together_holds)
{
    char mine[128], line[256];
    const char *said[] = {"user=" NOBODY ":" NOBODY, "files=50", mine, NULL};
    if (lacks_root() || lacks_landlock()) return;
    CHECK_INT(chmod(dir, 0755), 0);
    set(mine, "write", folder("mine"));
    snprintf(line, sizeof line,
             "exec 2>/dev/null; cd %s; id -u; ulimit -n; echo a >mine/a && echo in >/proc/self/fd/1; echo b >/tmp/bide-outside || echo "
             "out; rm mine/a",
             dir);
    start_with(said, line);
    expect_output(NOBODY "\n50\nin\nout\n");
    check_reports("exit 0\nclean\n");
    CHECK_INT(chmod(dir, 0700), 0);
    CHECK_INT(rmdir(mine + sizeof "write"), 0);
}

/* From here on this process is on a kernel that knows nothing of Landlock. Returns false when it cannot be. */
static bool forget_landlock(void)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1), /* landlock_create_ruleset */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(without_landlock_in_the_kernel_nothing_is_started_that_should_be_confined_to_paths)
{
    const char *said[] = {"write=/tmp", NULL};
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        if (!forget_landlock()) {
            printf("not tested: this system takes no seccomp filters\n");
            _exit(0);
        }
        k.pid = 0;
        start_with(said, "echo started");
        bool refused = strcmp(wait_over(), "landlock 38\nexit 127\nclean\n") == 0;
        _exit(refused && tree_is_dead() ? 0 : 1);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return rig_main(argc, argv);
}
