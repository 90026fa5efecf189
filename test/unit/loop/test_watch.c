/* SPDX-License-Identifier: Apache-2.0
 *
 * Watching a descriptor that is somebody else's.
 */
#include "loop/watch.h"
#include "test.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static struct turn turn;
static struct loop *loop;
static struct watch watch;
static int ends[2], calls;
static bool readable, writable;

static void on_ready(struct watch *w, bool can_read, bool can_write)
{
    calls++;
    readable = can_read;
    writable = can_write;
    watch_close(w); /* and so the loop has nothing left to wait for */
}

static void open_pair(void)
{
    struct err e;
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    watch = (struct watch){.on_ready = on_ready};
    CHECK_INT(watch_open(&watch, loop, ends[0], &e), 0);
    calls = 0;
}

static void close_pair(void)
{
    watch_close(&watch);
    loop_close(loop);
    turn_release(&turn);
    close(ends[0]);
    close(ends[1]);
}

TEST(it_says_when_there_is_something_to_read)
{
    open_pair();
    CHECK_INT(write(ends[1], "x", 1), 1);
    watch_for(&watch, true, false);
    loop_run(loop);
    CHECK_INT(calls, 1);
    CHECK(readable && !writable);
    close_pair();
}

TEST(it_says_when_there_is_room_to_write)
{
    open_pair();
    watch_for(&watch, true, true);
    loop_run(loop);
    CHECK_INT(calls, 1);
    CHECK(!readable && writable);
    close_pair();
}

TEST(one_that_waits_for_nothing_does_not_keep_the_loop_running)
{
    open_pair();
    CHECK_INT(write(ends[1], "x", 1), 1);
    loop_run(loop);
    watch_for(&watch, true, true);
    watch_for(&watch, false, false);
    loop_run(loop);
    CHECK_INT(calls, 0);
    close_pair();
}

TEST(a_closed_one_leaves_the_number_to_another_at_once)
{
    struct err e;
    open_pair();
    watch_for(&watch, true, true);
    watch_close(&watch);
    watch_close(&watch);
    CHECK_INT(watch_open(&watch, loop, ends[0], &e), 0); /* the handle of the first is still being closed */
    watch_for(&watch, false, true);
    loop_run(loop);
    CHECK_INT(calls, 1);
    close_pair();
}

TEST(what_is_no_descriptor_cannot_be_watched)
{
    struct err e;
    struct watch other = {.on_ready = on_ready};
    open_pair();
    CHECK(watch_open(&other, loop, 10000, &e) != 0 && other.inside == NULL);
    close_pair();
}

TEST_MAIN
