/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory is given again only while nobody has touched it.
 */
#include "base/buf.h"
#include "server/attempt_spare.h"
#include "test/test.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LATER 1000 /* ms: the times of files tell everything */

static char data[64];
static const struct id task = {.b = {1, 2, 3}};
static struct err e;
static struct attempt_spares spares;
static struct attempt_place place;
static struct rng_seeded seeded;

static void open_data(void)
{
    snprintf(data, sizeof data, "/tmp/bide-spare-XXXXXX");
    CHECK(mkdtemp(data) != NULL);
    rng_seeded_init(&seeded, 1);
    attempt_spare_init(&spares, &seeded.rng);
}

static void close_data(void)
{
    attempt_spare_release(&spares, data);
    CHECK_INT(attempt_dir_remove(data, &e), 0);
}

static void give_to(struct attempt_place *p, int number)
{
    if (attempt_spare_give(&spares, p, data, NULL) == 0) return;
    CHECK_INT(attempt_dir_make(p->path, data, &task, 1, number, NULL, &e), 0);
}

static void give(int number) { give_to(&place, number); }
static void take_back(int64_t mono_ms) { attempt_spare_take_back(&spares, &place, data, NULL, mono_ms); }

static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static void make_file(void)
{
    char path[ATTEMPT_DIR_PATH + 8];
    snprintf(path, sizeof path, "%s/out", place.path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(fd >= 0);
    close(fd);
}

/* One spare directory, old enough to be judged by its times. */
static void open_spare(void)
{
    open_data();
    give(1);
    take_back(0);
    CHECK_INT(spares.n, 1);
    usleep(30000); /* sleep: the clock of the file system moves on, so that a touch shows */
}

TEST(an_untouched_one_is_given_to_the_next_under_a_name_of_its_own)
{
    char own[ATTEMPT_DIR_PATH], spare[ATTEMPT_DIR_PATH];
    open_data();
    give(1);
    attempt_dir_path(own, data, &task, 1, 1);
    CHECK_STR(str_of(place.path), own);
    take_back(0);
    CHECK(!is_there(own));
    give(2);
    CHECK(is_there(place.path));
    CHECK_INT(spares.n, 0);
    CHECK(strstr(place.path, "/attempts/.spare-"));
    (void)str_copy(spare, sizeof spare, str_of(place.path));
    take_back(LATER);
    give(3);
    CHECK_STR(str_of(place.path), spare);
    CHECK_INT(spares.made, 1);
    close_data();
}

TEST(one_with_a_file_in_it_is_removed)
{
    open_spare();
    give(2);
    make_file();
    take_back(LATER);
    CHECK_INT(spares.n, 0);
    CHECK(!is_there(place.path));
    give(3); /* made anew */
    make_file();
    take_back(LATER);
    CHECK_INT(spares.n, 0);
    CHECK(!is_there(place.path));
    close_data();
}

TEST(one_for_no_attempt_is_named_as_they_are_and_never_given)
{
    char first[ATTEMPT_DIR_PATH], second[ATTEMPT_DIR_PATH];
    open_data();
    CHECK_INT(attempt_spare_make(&spares, first, data, NULL, &e), 0); /* and attempts/ above it */
    CHECK_INT(attempt_spare_make(&spares, second, data, NULL, &e), 0);
    CHECK(strstr(first, "/attempts/.spare-") && is_there(first) && is_there(second));
    CHECK(strcmp(first, second) != 0);
    CHECK_INT(attempt_spare_give(&spares, &place, data, NULL), ERR_NOT_FOUND);
    attempt_dir_discard(first, NULL);
    CHECK(!is_there(first));
    attempt_dir_sweep(data, spares.own, NULL);
    CHECK(is_there(second)); /* of a server that is there */
    attempt_dir_sweep(data, ".spare-other.", NULL);
    CHECK(!is_there(second));
    close_data();
}

TEST(a_file_made_within_the_same_tick_is_seen)
{
    open_data();
    for (int i = 0; i < 50; i++) {
        give(1);
        take_back(0);
        give(2);
        make_file();
        take_back(0);
        CHECK_INT(spares.n, 0);
    }
    close_data();
}

TEST(one_that_was_touched_and_cleared_up_is_removed)
{
    char path[ATTEMPT_DIR_PATH + 8];
    open_spare();
    give(2);
    make_file();
    snprintf(path, sizeof path, "%s/out", place.path);
    CHECK_INT(unlink(path), 0);
    take_back(LATER);
    CHECK_INT(spares.n, 0);
    close_data();
}

TEST(one_that_was_opened_for_others_shut_or_replaced_is_removed)
{
    open_spare();
    give(2);
    CHECK_INT(chmod(place.path, 0777), 0);
    take_back(LATER);
    CHECK_INT(spares.n, 0);
    give(3);
    CHECK_INT(chmod(place.path, 0500), 0);
    take_back(0);
    CHECK_INT(spares.n, 0);
    give(4);
    CHECK_INT(rmdir(place.path), 0);
    CHECK_INT(symlink("/tmp", place.path), 0);
    take_back(0);
    CHECK_INT(spares.n, 0);
    CHECK(!is_there(place.path) && is_there("/tmp"));
    close_data();
}

TEST(a_spare_one_that_is_gone_or_changed_is_not_given)
{
    open_spare();
    struct attempt_place other = {0};
    give_to(&other, 2);
    give(3);
    take_back(0);
    attempt_spare_take_back(&spares, &other, data, NULL, LATER);
    CHECK_INT(spares.n, 2);
    CHECK_INT(rmdir(other.path), 0);
    (void)str_copy(place.path, sizeof place.path, str_of("?"));
    give(4);
    CHECK(strcmp(place.path, other.path) != 0);
    CHECK(is_there(place.path));
    CHECK_INT(spares.n, 0);
    close_data();
}

TEST(files_that_are_a_result_give_it_the_attempts_own_name)
{
    char own[ATTEMPT_DIR_PATH], path[ATTEMPT_DIR_PATH + 8];
    open_spare();
    give(7);
    make_file();
    CHECK_INT(attempt_spare_make_own(&place, data, &task, 1, 7, NULL, &e), 0);
    attempt_dir_path(own, data, &task, 1, 7);
    CHECK_STR(str_of(place.path), own);
    snprintf(path, sizeof path, "%s/out", own);
    CHECK(is_there(path));
    CHECK_INT(attempt_spare_make_own(&place, data, &task, 1, 7, NULL, &e), 0); /* as it is */
    CHECK(is_there(path));
    close_data();
}

TEST(what_has_that_name_already_is_none_of_this_attempts)
{
    char own[ATTEMPT_DIR_PATH], path[ATTEMPT_DIR_PATH + 8];
    open_spare();
    CHECK_INT(attempt_dir_make(own, data, &task, 1, 7, NULL, &e), 0);
    snprintf(path, sizeof path, "%s/old", own);
    CHECK_INT(mkdir(path, 0755), 0);
    give(7);
    make_file();
    CHECK_INT(attempt_spare_make_own(&place, data, &task, 1, 7, NULL, &e), 0);
    CHECK(!is_there(path));
    snprintf(path, sizeof path, "%s/out", own);
    CHECK(is_there(path));
    close_data();
}

TEST(a_name_that_cannot_be_had_is_an_error_that_says_which)
{
    open_spare();
    give(7);
    make_file();
    CHECK_INT(attempt_dir_remove(place.path, &e), 0); /* as if the disk had lost it */
    CHECK_INT(attempt_spare_make_own(&place, data, &task, 1, 7, NULL, &e), ERR_IO);
    CHECK(strstr(e.text, "/attempts/01020300"));
    close_data();
}

TEST(there_are_no_more_than_a_few)
{
    static struct attempt_place many[ATTEMPT_SPARES + 1];
    open_data();
    for (int i = 0; i <= ATTEMPT_SPARES; i++) give_to(&many[i], i);
    for (int i = 0; i <= ATTEMPT_SPARES; i++) attempt_spare_take_back(&spares, &many[i], data, NULL, 0);
    CHECK_INT(spares.n, ATTEMPT_SPARES);
    CHECK(!is_there(many[ATTEMPT_SPARES].path));
    close_data();
}

TEST(the_sweep_takes_those_of_servers_that_are_gone)
{
    char spare[ATTEMPT_DIR_PATH];
    open_spare();
    snprintf(spare, sizeof spare, "%s/attempts/%s1", data, spares.own);
    CHECK(is_there(spare));
    attempt_dir_sweep(data, spares.own, NULL);
    CHECK(is_there(spare));
    spares.n = 0; /* killed */
    attempt_spare_init(&spares, &seeded.rng);
    attempt_dir_sweep(data, spares.own, NULL);
    CHECK(!is_there(spare));
    close_data();
}

TEST_MAIN
