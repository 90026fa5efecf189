/* SPDX-License-Identifier: Apache-2.0
 *
 * The directory of an attempt: made with its parent, removed with all that is in it and nothing else.
 */
#include "base/buf.h"
#include "server/attempt_dir.h"
#include "test/test.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char data[64];
static const struct id task = {.b = {1, 2, 3}};
static struct err e;

static void open_data(void)
{
    snprintf(data, sizeof data, "/tmp/bide-dir-XXXXXX");
    CHECK(mkdtemp(data) != NULL);
    e = (struct err){0};
}

static void close_data(void) { CHECK_INT(attempt_dir_remove(data, &e), 0); }

static const char *under(const char *dir, const char *name)
{
    static char path[ATTEMPT_DIR_PATH + 256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void write_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(fd >= 0 && write(fd, "x", 1) == 1);
    close(fd);
}

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

TEST(their_parent_can_be_made_before_and_lets_others_through_only_when_they_need_it)
{
    struct stat st;
    char parent[ATTEMPT_DIR_PATH + 256];
    open_data();
    mode_t before = umask(077);
    snprintf(parent, sizeof parent, "%s", under(data, "attempts"));
    CHECK_INT(attempt_dir_prepare(data, false, &e), 0);
    CHECK_INT(attempt_dir_prepare(data, false, &e), 0);
    CHECK_INT(stat(parent, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0700);
    CHECK_INT(attempt_dir_prepare(data, true, &e), 0);
    umask(before);
    CHECK_INT(stat(parent, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0711);
    CHECK_INT(chmod(parent, 02755), 0);
    CHECK_INT(attempt_dir_prepare(data, true, &e), 0);
    CHECK_INT(stat(parent, &st), 0);
    CHECK_INT(st.st_mode & 07777, 02755);
    close_data();
    CHECK_INT(attempt_dir_prepare(data, true, &e), ERR_IO);
}

TEST(it_is_made_with_its_parent_and_names_task_run_and_attempt)
{
    char path[ATTEMPT_DIR_PATH], again[ATTEMPT_DIR_PATH];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 2, 3, NULL, &e), 0);
    CHECK_STR(str_of(path + strlen(data)), "/attempts/01020300-0000-0000-0000-000000000000.2.3");
    CHECK(is_there(path));
    CHECK_INT(attempt_dir_make(again, data, &task, 2, 3, NULL, &e), 0);
    attempt_dir_path(again, data, &task, 2, 3);
    CHECK_STR(str_of(again), path);
    CHECK_INT(attempt_dir_make(again, data, &task, 2, 4, NULL, &e), 0);
    close_data();
}

/* ---- chores that wait until they are told to run ---- */

static struct chore *given[4];
static int n_given;

static void give_later(struct chores *all, struct chore *c)
{
    (void)all;
    given[n_given++] = c;
}

static struct chores later = {give_later};

static int entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    CHECK(d != NULL);
    for (struct dirent *f; (f = readdir(d));) n += strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
    closedir(d);
    return n;
}

TEST(a_discarded_tree_is_gone_under_its_name_at_once_and_removed_as_a_chore)
{
    char path[ATTEMPT_DIR_PATH];
    open_data();
    n_given = 0;
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    attempt_dir_discard(path, &later);
    CHECK_INT(n_given, 0); /* it was empty: nothing to put off */
    for (int i = 0; i < 2; i++) { /* the same name again while the first is still being removed */
        CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
        write_file(under(path, "f"));
        attempt_dir_discard(path, &later);
        CHECK(!is_there(path));
    }
    CHECK_INT(n_given, 2);
    CHECK_INT(entries(under(data, "attempts")), 2);
    for (int i = 0; i < 2; i++) {
        given[i]->work(given[i]);
        given[i]->on_done(given[i]);
    }
    CHECK_INT(entries(under(data, "attempts")), 0);
    close_data();
}

TEST(a_start_sweeps_what_was_set_aside_and_nothing_else)
{
    char path[ATTEMPT_DIR_PATH];
    open_data();
    attempt_dir_sweep(data, ATTEMPT_DIR_SPARE "own", NULL); /* no attempt was ever made */
    n_given = 0;
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    write_file(under(path, "f"));
    attempt_dir_discard(path, &later); /* and the process dies before it is done */
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 2, NULL, &e), 0);
    attempt_dir_sweep(data, ATTEMPT_DIR_SPARE "own", NULL);
    CHECK_INT(entries(under(data, "attempts")), 1);
    CHECK(is_there(path));
    given[0]->work(given[0]);
    given[0]->on_done(given[0]);
    close_data();
}

TEST(a_data_directory_that_is_not_there_is_an_error_with_its_path)
{
    char path[ATTEMPT_DIR_PATH];
    CHECK_INT(attempt_dir_make(path, "/tmp/bide-no-such-dir/deeper", &task, 1, 1, NULL, &e), ERR_IO);
    CHECK(strstr(e.text, "/tmp/bide-no-such-dir/deeper"));
}

TEST(one_that_is_not_there_is_removed_already)
{
    open_data();
    CHECK_INT(attempt_dir_remove(under(data, "never"), &e), 0);
    close_data();
}

TEST(everything_in_it_goes_with_it)
{
    char path[ATTEMPT_DIR_PATH], at[ATTEMPT_DIR_PATH];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    snprintf(at, sizeof at, "%s", path);
    for (int depth = 0; depth < 20; depth++) {
        for (int i = 0; i < 5; i++) {
            char name[16];
            snprintf(name, sizeof name, "%s%d", i % 2 ? "." : "f", i);
            write_file(under(at, name));
        }
        CHECK(mkfifo(under(at, "fifo"), 0600) == 0);
        strncat(at, "/sub", sizeof at - strlen(at) - 1);
        CHECK(mkdir(at, 0755) == 0);
    }
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    close_data();
}

TEST(many_files_go_too)
{
    char path[ATTEMPT_DIR_PATH], name[32];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "file-%d", i);
        write_file(under(path, name));
    }
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    close_data();
}

TEST(a_link_out_of_it_is_removed_and_not_followed)
{
    char path[ATTEMPT_DIR_PATH], precious[128], inside[160];
    open_data();
    snprintf(precious, sizeof precious, "%s/precious", data);
    snprintf(inside, sizeof inside, "%s/file", precious);
    CHECK(mkdir(precious, 0755) == 0);
    write_file(inside);
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    CHECK(mkdir(under(path, "sub"), 0755) == 0);
    CHECK(symlink(precious, under(path, "dir")) == 0);
    CHECK(symlink(inside, under(path, "sub/file")) == 0);
    CHECK(symlink("..", under(path, "sub/up")) == 0);
    CHECK(symlink("nowhere", under(path, "dangling")) == 0);
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    CHECK(is_there(inside));
    close_data();
}

TEST(a_link_in_its_place_is_removed_and_not_followed)
{
    char path[ATTEMPT_DIR_PATH], precious[128], inside[160];
    open_data();
    snprintf(precious, sizeof precious, "%s/precious", data);
    snprintf(inside, sizeof inside, "%s/file", precious);
    CHECK(mkdir(precious, 0755) == 0);
    write_file(inside);
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    CHECK(rmdir(path) == 0 && symlink(precious, path) == 0);
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    CHECK(is_there(inside));
    write_file(path); /* or a file */
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    close_data();
}

static void make_deep(int fd, int levels)
{
    for (int i = 0; i < levels; i++) {
        CHECK(mkdirat(fd, "d", 0755) == 0);
        int sub = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = sub;
        int file = openat(fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        CHECK(file >= 0);
        close(file);
    }
    close(fd);
}

TEST(a_tree_of_any_depth_goes_whatever_names_it_has)
{
    char path[ATTEMPT_DIR_PATH];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    make_deep(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 1000);
    write_file(under(path, ".deep-0")); /* one that the removal itself might use */
    CHECK(mkdir(under(path, ".deep-1"), 0755) == 0);
    write_file(under(path, ".deep-1/f"));
    CHECK_INT(attempt_dir_remove(path, &e), 0);
    CHECK(!is_there(path));
    close_data();
}

/* As a user, as root may open everything; in a process of its own, which ends with what the removal answered. */
static int remove_as_user(const char *path)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (chown(data, 65533, 65533) || chown(under(data, "attempts"), 65533, 65533) || setuid(65533))) _exit(99);
        int fd, rc = mkdir(path, 0755);
        static const struct { const char *name; mode_t mode; } shut[] = {{"none", 0}, {"read-only", 0555}, {"blind", 0333}};
        for (int i = 0; i < 3; i++) {
            char dir[ATTEMPT_DIR_PATH + 16], inside[ATTEMPT_DIR_PATH + 32];
            snprintf(dir, sizeof dir, "%s/%s", path, shut[i].name);
            snprintf(inside, sizeof inside, "%s/inner", dir);
            rc |= mkdir(dir, 0755) | mkdir(inside, 0755);
            write_file(under(inside, "f"));
            rc |= chmod(inside, shut[i].mode) | chmod(dir, shut[i].mode);
        }
        if (rc || (fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) _exit(98);
        make_deep(fd, 100);
        rc = chmod(path, 0);
        _exit(rc ? 97 : attempt_dir_remove(path, &e) == 0 ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(what_an_attempt_has_shut_goes_too)
{
    char path[ATTEMPT_DIR_PATH];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    CHECK(rmdir(path) == 0);
    CHECK_INT(remove_as_user(path), 0);
    CHECK(!is_there(path));
    close_data();
}

TEST(what_is_there_already_is_none_of_this_attempts_and_goes)
{
    char path[ATTEMPT_DIR_PATH], inside[ATTEMPT_DIR_PATH + 8];
    open_data();
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    snprintf(inside, sizeof inside, "%s/f", path);
    CHECK_INT(mkfifo(inside, 0600), 0);
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    CHECK(is_there(path));
    CHECK(!is_there(inside));
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(symlink(data, path), 0); /* leads elsewhere */
    CHECK_INT(attempt_dir_make(path, data, &task, 1, 1, NULL, &e), 0);
    struct stat st;
    CHECK_INT(lstat(path, &st), 0);
    CHECK(S_ISDIR(st.st_mode));
    close_data();
}

TEST_MAIN
