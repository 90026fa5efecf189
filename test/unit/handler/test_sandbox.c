/* SPDX-License-Identifier: Apache-2.0
 *
 * Who a user is, what a keeper is ordered, what is doubted before, and that a real child is confined as its conf says.
 * What the confinement holds back is in test_keeper_sandbox.c.
 */
#include "handler/child_report.h"
#include "handler/dir.h"
#include "handler/keeper_landlock.h"
#include "handler/sandbox.h"
#include "test/unit/handler/child_rig.h"
#include <errno.h>
#include <pwd.h>
#include <sys/resource.h>

#define OTHER "61000:61001" /* nobody has this id */

static struct arena arena;

static bool lacks_root(void)
{
    if (geteuid() == 0) return false;
    printf("not tested: changing to another user takes root\n");
    return true;
}

static struct sandbox_user find(const char *text)
{
    struct sandbox_user u;
    struct err e;
    CHECK_INT(sandbox_user_find(&u, str_of(text), &e), 0);
    return u;
}

static void check_unknown(const char *text, const char *why)
{
    struct sandbox_user u;
    struct err e = {0};
    CHECK_INT(sandbox_user_find(&u, str_of(text), &e), ERR_NOT_FOUND);
    CHECK_STR(str_of(e.text), why);
}

/* Orders with a blank between them. */
static const char *ordered(const struct sandbox_conf *c, const char *own)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_add_text(&b, "");
    for (const char *const *o = sandbox_orders(c, own, &arena); *o; o++)
        buf_add_format(&b, "%s%s", b.len ? " " : "", *o);
    const char *text = arena_text(&arena, buf_str(&b));
    buf_release(&b);
    return text;
}

TEST(a_user_is_found_by_name_and_by_number_with_his_groups_and_his_home)
{
    struct sandbox_user root = find("root"), zero = find("0"), grouped = find("root:7"), named = find("root:root");
    CHECK_STR(str_of(root.name), "root");
    CHECK_STR(str_of(root.text), "root");
    CHECK_STR(str_of(root.home), getpwuid(0)->pw_dir);
    CHECK_INT(root.uid, 0);
    CHECK_INT(root.gid, 0);
    CHECK(root.n_groups >= 1);
    CHECK_STR(str_of(zero.name), "root");
    CHECK_INT(grouped.gid, 7);
    CHECK_INT(grouped.groups[0], 7); /* as initgroups() has it */
    CHECK_INT(named.gid, 0);
}

TEST(a_number_without_a_name_needs_its_group_and_has_no_other)
{
    struct sandbox_user u = find(OTHER);
    CHECK_INT(u.uid, 61000);
    CHECK_INT(u.gid, 61001);
    CHECK_INT(u.n_groups, 1);
    CHECK_INT(u.groups[0], 61001);
    CHECK_STR(str_of(u.name), "");
    CHECK_STR(str_of(u.home), "/");
    check_unknown("61000", "user 61000 has no name and so no group here: say 61000:GID");
}

TEST(a_user_or_group_that_is_not_there_is_said_to_be_unknown)
{
    check_unknown("no-such-user", "there is no user \"no-such-user\" here");
    check_unknown("root:no-such-group", "there is no group \"no-such-group\" here");
    check_unknown("", "expected a user like bide, bide:video, 998 or 998:44; found \"\"");
    check_unknown("root:", "expected a user like bide, bide:video, 998 or 998:44; found \"root:\"");
    check_unknown(":0", "expected a user like bide, bide:video, 998 or 998:44; found \":0\"");
    check_unknown("4294967295:0", "there is no user \"4294967295\" here"); /* "none" to the system */
}

TEST(nothing_said_is_no_order_and_the_servers_own_user_is_none_either)
{
    struct sandbox_conf c = {.no_new_privileges = true, .attempts = "/d/attempts"};
    char own[64];
    CHECK_STR(str_of(ordered(&c, NULL)), "");
    snprintf(own, sizeof own, "%u:%u", geteuid(), getegid());
    c.user = find(own);
    CHECK(sandbox_user_is_ours(&c.user));
    CHECK_STR(str_of(ordered(&c, NULL)), "");
    c.no_new_privileges = false;
    CHECK_STR(str_of(ordered(&c, NULL)), "privileges=new");
}

TEST(every_key_is_an_order_and_one_attempt_is_let_into_its_own_directory_only)
{
    const char *writable[] = {"/w", "/v v", NULL}, *read_only[] = {"/r", NULL};
    struct sandbox_conf c = {
        .limits = {.memory = 1, .file_size = 2, .files = 3, .processes = 4, .cpu_ms = 4001, .core = SANDBOX_CORE_NONE},
        .no_new_privileges = true,
        .writable = writable,
        .read_only = read_only,
        .attempts = "/d/attempts"};
    c.user = find(OTHER);
    CHECK_STR(str_of(ordered(&c, NULL)), "memory=1 files=3 processes=4 cpu=5 file_size=2 core=0 user=61000:61001:61001 "
                                         "write=/w write=/v v read=/r attempts=/d/attempts");
    CHECK_STR(str_of(ordered(&(struct sandbox_conf){.no_new_privileges = true, .writable = writable, .attempts = "/d"},
                             "/d/one")),
              "write=/w write=/v v attempts=/d/one");
    CHECK_STR(str_of(ordered(&(struct sandbox_conf){.no_new_privileges = true, .limits.core = SANDBOX_CORE_UNLIMITED},
                             "/d/one")),
              "core=max");
}

TEST(a_directory_is_given_to_the_user_with_the_input_in_it_and_a_link_is_not_followed)
{
    struct sandbox_conf c = {.user = find(OTHER)};
    struct err e;
    struct stat st;
    static const char *const files[] = {"in", "also", NULL};
    char own[64], input[96], victim[96];
    if (lacks_root()) return;
    snprintf(own, sizeof own, "%s/own", dir);
    snprintf(input, sizeof input, "%s/in", own);
    snprintf(victim, sizeof victim, "%s/victim", dir);
    CHECK_INT(mkdir(own, 0700), 0);
    CHECK_INT(sandbox_give_dir(&c, own, files, &e), 0); /* without an input */
    CHECK_INT(stat(own, &st), 0);
    CHECK_INT(st.st_uid, 61000);
    CHECK_INT(st.st_gid, 61001);
    CHECK_INT(dir_write(own, "in", STR("{}"), &e), 0);
    CHECK_INT(sandbox_give_dir(&c, own, files, &e), 0);
    CHECK_INT(stat(input, &st), 0);
    CHECK_INT(st.st_uid, 61000);
    CHECK_INT(unlink(input), 0);
    CHECK_INT(dir_write(dir, "victim", STR("ours"), &e), 0);
    CHECK_INT(symlink(victim, input), 0);
    CHECK_INT(sandbox_give_dir(&c, own, files, &e), 0);
    CHECK_INT(stat(victim, &st), 0);
    CHECK_INT(st.st_uid, geteuid());
    unlink(input);
    unlink(victim);
    CHECK_INT(rmdir(own), 0);
    CHECK_INT(sandbox_give_dir(&c, own, files, &e), ERR_IO);
    c.user.text[0] = '\0';
    CHECK_INT(sandbox_give_dir(&c, own, files, &e), 0); /* nobody to give it to */
}

/* ---- through the spawner ---- */

static void start_confined(const char *line, const struct sandbox_conf *c, const char *own)
{
    const char *argv[] = {"sh", "-c", line, NULL};
    struct child_spec spec = {.argv = argv, .sandbox = c, .dir = own};
    CHECK_INT(start(&one, &spec), 0);
    run();
}

TEST(another_user_has_his_own_home_and_name_unless_the_worker_is_given_others)
{
    const char *argv[] = {"sh", "-c", "id -u; echo $HOME $USER $LOGNAME", NULL}, *env[] = {"HOME=/elsewhere", NULL};
    struct sandbox_conf c = {.user = find(OTHER), .no_new_privileges = true};
    struct child_spec spec = {.argv = argv, .sandbox = &c};
    if (lacks_root()) return;
    begin();
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "61000\n/ " OTHER " " OTHER "\n");
    run_release(&one);
    run_init(&one);
    spec.env = env;
    CHECK_INT(start(&one, &spec), 0);
    run();
    CHECK_STR(buf_str(&one.out[CHILD_STDOUT]), "61000\n/elsewhere " OTHER " " OTHER "\n");
    finish();
}

TEST(a_child_of_another_user_is_killed_with_its_tree)
{
    struct sandbox_conf c = {.user = find(OTHER), .no_new_privileges = true};
    if (lacks_root()) return;
    begin();
    one.stop_at = 3;
    start_confined("(setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' &) ; echo up; while :; do sleep 1; done",
                   &c, NULL);
    int pid = one.child.pid;
    CHECK(pid > 1);
    child_signal_tree(&one.child, SIGKILL);
    run();
    CHECK_INT(one.how.signal, SIGKILL);
    CHECK_INT(kill(pid, 0), -1);
    finish();
}

TEST(a_limit_above_the_hard_one_is_told_in_words)
{
    struct rlimit r;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &r), 0);
    struct sandbox_conf c = {.limits.files = (int64_t)r.rlim_max + 1, .no_new_privileges = true};
    begin();
    start_confined("exit 0", &c, NULL);
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, EPERM);
    CHECK_STR(str_of(one.how.at), "limits.files is above the hard limit of the server");
    CHECK_INT(one.child.pid, 0);
    finish();
}

TEST(a_path_that_is_not_there_is_told_by_its_key_and_name)
{
    const char *paths[] = {"/no/such folder", NULL};
    struct sandbox_conf c = {.writable = paths, .no_new_privileges = true};
    if (keeper_landlock_version() < KEEPER_LANDLOCK_NEEDED) {
        printf("not tested: this kernel's Landlock is version %d\n", keeper_landlock_version());
        return;
    }
    begin();
    start_confined("exit 0", &c, NULL);
    CHECK(!one.how.started);
    CHECK_INT(one.how.sys, ENOENT);
    CHECK_STR(str_of(one.how.at), "writable, /no/such folder");
    finish();
}

TEST(what_a_keeper_reports_is_put_into_words)
{
    static const struct {
        const char *line, *at;
        int sys;
    } rows[] = {
        {"exec 2\n", "", ENOENT},
        {"landlock 38\n", "writable and read_only need a kernel with Landlock, of Linux 6.2 or later", ENOSYS},
        {"user 1\n", "the server may not change to its user", EPERM},
        {"user 22\n", "changing to its user", EINVAL},
        {"attempts 13 /d/a\n", "its user in the directory of attempts, /d/a", EACCES},
        {"read 2 /x y\n", "read_only, /x y", ENOENT},
        {"memory 1\n", "limits.memory is above the hard limit of the server", EPERM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct child_report r = {.pid = 7};
        child_report_feed(&r, str_of(rows[i].line));
        CHECK(!r.how.started);
        CHECK_INT(r.pid, 0);
        CHECK_INT(r.how.sys, rows[i].sys);
        CHECK_STR(str_of(r.how.at), rows[i].at);
    }
}

TEST(a_report_that_comes_in_pieces_is_read_and_one_that_is_none_changes_nothing)
{
    struct child_report r = {0};
    char longer[2 * CHILD_REPORT_LINE];
    child_report_feed(&r, STR("pi"));
    child_report_feed(&r, STR("d 12\nexi"));
    CHECK_INT(r.pid, 12);
    CHECK(r.how.started && !r.ended);
    memset(longer, 'x', sizeof longer);
    child_report_feed(&r, STR("t x\nwhat 3\n\n"));
    child_report_feed(&r, (struct str){longer, sizeof longer});
    child_report_feed(&r, STR("\nexit 3\nclean\n"));
    CHECK(r.ended && r.clean && r.how.started);
    CHECK_INT(r.how.status, 3);
}

/* ---- doubts ---- */

TEST(what_would_not_hold_here_is_said_before)
{
    const char *paths[] = {"/", "/no/such/folder", NULL};
    struct rlimit r;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &r), 0);
    struct sandbox_conf c = {.limits.files = (int64_t)r.rlim_max, .no_new_privileges = true};
    CHECK(sandbox_doubts(&c, &arena)[0] == NULL);
    c.limits.files++;
    c.writable = paths;
    const char *const *doubts = sandbox_doubts(&c, &arena);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "\"limits.files\" is above the hard limit of this process, %llu",
             (unsigned long long)r.rlim_max);
    CHECK_STR(str_of(doubts[0]), wanted);
    bool has = keeper_landlock_version() >= KEEPER_LANDLOCK_NEEDED;
    if (!has) CHECK(strstr(doubts[1], "Landlock"));
    CHECK_STR(str_of(doubts[1 + !has]), "\"writable\": /no/such/folder is not there");
    CHECK(doubts[2 + !has] == NULL);
}

TEST(a_limit_of_processes_is_no_limit_for_root)
{
    struct sandbox_conf c = {.limits.processes = 1, .no_new_privileges = true, .user = find("0:0")};
    const char *const *doubts = sandbox_doubts(&c, &arena);
    size_t last = geteuid() == 0 ? 0 : 1; /* others may not become root, which is said first */
    CHECK_STR(str_of(doubts[last]), "\"limits.processes\" holds for everybody but root: say a \"user\", too");
    c.user = find(OTHER);
    CHECK(geteuid() != 0 || sandbox_doubts(&c, &arena)[0] == NULL);
}

TEST(who_may_not_change_his_user_is_told_what_that_takes)
{
    struct sandbox_conf c = {.user = find(OTHER), .no_new_privileges = true};
    int status;
    if (lacks_root()) return;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        bool changed = setresuid(61002, 61002, 61002) == 0;
        const char *const *doubts = sandbox_doubts(&c, &arena);
        _exit(changed && doubts[0] && strstr(doubts[0], "(uid 61002) may not change to " OTHER ": that takes root")
                  ? 0
                  : 1);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int all(int argc, char **argv)
{
    int failed = test_main(argc, argv);
    arena_release(&arena);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KEEPER_OPTION) == 0) return keeper_main(argc, argv);
    return rig_main(argc, argv, all);
}
