/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk reserve on a clock and a disk of the test's own.
 */
#include "base/log.h"
#include "server/disk.h"
#include "test/unit/server/server_rig.h"

struct play {
    int64_t store, data; /* bytes free; negative: cannot be told */
    int looks;
};

static int play_free(void *user, const char *path, int64_t *ret)
{
    struct play *p = user;
    p->looks++;
    *ret = strcmp(path, "/fast") == 0 ? p->store : p->data;
    return *ret < 0 ? ERR_IO : 0;
}

static struct play play;
static const struct disk_look look = {play_free, &play};
static struct disk disk;
static struct err e;

static void begin(const char *store, int64_t in_store, int64_t in_data)
{
    rig_open();
    play = (struct play){in_store, in_data, 0};
    disk_init(&disk, &sim->turn, &look, store, "/large");
}

TEST(below_the_reserve_on_either_disk_there_is_no_room)
{
    begin("sqlite:/fast/bide.db", 100, 100);
    CHECK_INT(disk_check(&disk, 100, &e), 0);
    play.store = 99;
    sim_pass(sim, DISK_LOOK_MS);
    CHECK_INT(disk_check(&disk, 100, &e), ERR_FULL);
    CHECK(strstr(e.text, "/fast has 99 bytes free") != NULL);
    play = (struct play){.store = 1000, .data = 1};
    sim_pass(sim, DISK_LOOK_MS);
    CHECK_INT(disk_check(&disk, 100, &e), ERR_FULL);
    CHECK(strstr(e.text, "/large has 1 bytes free") != NULL);
    CHECK_INT(disk_free(&disk), 1);
    RIG_CLOSE();
}

TEST(it_is_looked_at_once_a_second_and_only_when_somebody_asks)
{
    begin("sqlite:/fast/bide.db", 1000, 1000);
    sim_pass(sim, 60000);
    CHECK_INT(play.looks, 0);
    for (int i = 0; i < 100; i++) CHECK_INT(disk_check(&disk, 100, &e), 0);
    CHECK_INT(play.looks, 2);
    sim_pass(sim, DISK_LOOK_MS - 1);
    play.store = 0;
    CHECK_INT(disk_check(&disk, 100, &e), 0);
    CHECK_INT(play.looks, 2);
    sim_pass(sim, 1);
    CHECK_INT(disk_check(&disk, 100, &e), ERR_FULL);
    CHECK_INT(play.looks, 4);
    RIG_CLOSE();
}

TEST(room_that_comes_back_is_seen)
{
    begin("mem:", 0, 1);
    CHECK_INT(disk_check(&disk, 100, &e), ERR_FULL);
    play.data = 100;
    CHECK_INT(disk_check(&disk, 100, &e), ERR_FULL);
    sim_pass(sim, DISK_LOOK_MS);
    CHECK_INT(disk_check(&disk, 100, &e), 0);
    RIG_CLOSE();
}

TEST(a_reserve_of_nothing_is_always_there)
{
    begin("sqlite:/fast/bide.db", 0, 0);
    CHECK_INT(disk_check(&disk, 0, &e), 0);
    RIG_CLOSE();
}

TEST(a_disk_that_cannot_be_looked_at_refuses_nothing)
{
    begin("sqlite:/fast/bide.db", -1, -1);
    CHECK_INT(disk_check(&disk, 100, &e), 0);
    CHECK_INT(disk_free(&disk), -1);
    disk_init(&disk, &sim->turn, NULL, "mem:", "/large");
    CHECK_INT(disk_check(&disk, 100, &e), 0);
    RIG_CLOSE();
}

TEST_MAIN
