/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling the service manager: a socket of the test's own listens to every datagram, on a clock of the test's own.
 */
#include "loop/notify.h"
#include "test/test.h"
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct hand_clock {
    struct clock clock;
    int64_t now_ms;
};

static int64_t hand_ms(const struct clock *c)
{
    return CONTAINER_OF((struct clock *)c, struct hand_clock, clock)->now_ms;
}

static struct fixture {
    struct hand_clock clock;
    struct turn turn;
    struct notify notify;
    int manager;
    char dir[64], address[108], heard[1024];
    struct err e;
} f;

static void listen_at(const char *address)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, address, strlen(address));
    if (address[0] == '@') at.sun_path[0] = '\0';
    f.manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(
        bind(f.manager, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))),
        0);
    setenv("NOTIFY_SOCKET", address, 1);
}

static void begin(void)
{
    f = (struct fixture){.clock = {{hand_ms, hand_ms}, 1000}, .manager = -1};
    turn_init(&f.turn, &f.clock.clock, rng_system());
    memcpy(f.dir, "/tmp/bide-notify-XXXXXX", 24);
    CHECK(mkdtemp(f.dir) != NULL);
    snprintf(f.address, sizeof f.address, "%s/sock", f.dir);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void end(void)
{
    notify_release(&f.notify);
    notify_release(&f.notify);
    turn_release(&f.turn);
    if (f.manager >= 0) close(f.manager);
    unlink(f.address);
    rmdir(f.dir);
}

static void pass(int64_t ms)
{
    f.clock.now_ms += ms;
    turn_run(&f.turn);
}

/* The next datagram, "" when there is none. */
static struct str hear(void)
{
    ssize_t n = recv(f.manager, f.heard, sizeof f.heard, 0);
    return (struct str){f.heard, n < 0 ? 0 : (size_t)n};
}

TEST(without_a_manager_nothing_is_said_and_nothing_is_waited_for)
{
    begin();
    setenv("WATCHDOG_USEC", "1000000", 1);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    notify_ready(&f.notify);
    notify_status(&f.notify, "serving");
    notify_stopping(&f.notify);
    CHECK_INT(turn_next_ms(&f.turn), -1);
    end();
}

TEST(a_path_and_an_abstract_name_are_told_the_same)
{
    begin();
    char abstract[64];
    snprintf(abstract, sizeof abstract, "@bide-notify-%d", (int)getpid());
    for (int i = 0; i < 2; i++) {
        listen_at(i ? abstract : f.address);
        CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
        notify_ready(&f.notify);
        CHECK_STR(hear(), "READY=1\n");
        notify_status(&f.notify, "draining, %d running", 3);
        CHECK_STR(hear(), "STATUS=draining, 3 running\n");
        notify_stopping(&f.notify);
        CHECK_STR(hear(), "STOPPING=1\n");
        CHECK_STR(hear(), "");
        notify_release(&f.notify);
        close(f.manager);
        f.manager = -1;
    }
    end();
}

TEST(the_longest_addresses_are_used_and_longer_ones_refused)
{
    begin();
    char longest[110];
    memset(longest, 'x', sizeof longest);
    snprintf(longest, sizeof longest, "@bide-notify-%d", (int)getpid());
    longest[strlen(longest)] = '-';
    longest[108] = '\0';
    listen_at(longest);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    notify_ready(&f.notify);
    CHECK_STR(hear(), "READY=1\n");
    notify_release(&f.notify);
    longest[0] = '/'; /* a path needs its NUL */
    setenv("NOTIFY_SOCKET", longest, 1);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), ERR_INVALID);
    end();
}

TEST(what_is_no_address_is_refused_and_nobody_is_told)
{
    static const char *const rows[] = {"", "/", "@", "relative", "vsock:2:1234"};
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("NOTIFY_SOCKET", rows[i], 1);
        CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), ERR_INVALID);
        CHECK(strstr(f.e.text, "NOTIFY_SOCKET") != NULL);
        CHECK(getenv("NOTIFY_SOCKET") == NULL);
        notify_ready(&f.notify);
    }
    end();
}

TEST(children_do_not_inherit_the_variables)
{
    begin();
    listen_at(f.address);
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    CHECK(!getenv("NOTIFY_SOCKET") && !getenv("WATCHDOG_USEC") && !getenv("WATCHDOG_PID"));
    CHECK((fcntl(f.notify.fd, F_GETFD) & FD_CLOEXEC) != 0);
    end();
}

TEST(the_watchdog_is_told_at_half_of_its_time_when_the_turn_runs_and_only_then)
{
    begin();
    listen_at(f.address);
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_USEC", "20000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    pass(9999);
    CHECK_STR(hear(), "");
    for (int i = 0; i < 3; i++) {
        pass(i ? 10000 : 1);
        CHECK_STR(hear(), "WATCHDOG=1\n");
        CHECK_STR(hear(), "");
    }
    f.clock.now_ms += 60000; /* time goes by, and the thread does not come round */
    CHECK_STR(hear(), "");
    pass(0);
    CHECK_STR(hear(), "WATCHDOG=1\n");
    end();
}

TEST(a_watchdog_for_another_process_or_of_no_time_is_not_told)
{
    static const struct {
        const char *usec, *pid;
        int err;
    } rows[] = {{"2000000", "1", 0},       {NULL, NULL, 0},           {"0", NULL, ERR_INVALID},
                {"-5", NULL, ERR_INVALID}, {"5s", NULL, ERR_INVALID}, {"2000000", "me", ERR_INVALID}};
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listen_at(f.address);
        if (rows[i].usec) setenv("WATCHDOG_USEC", rows[i].usec, 1);
        if (rows[i].pid) setenv("WATCHDOG_PID", rows[i].pid, 1);
        CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), rows[i].err);
        CHECK_INT(turn_next_ms(&f.turn), -1);
        notify_release(&f.notify);
        close(f.manager);
        f.manager = -1;
        unlink(f.address);
    }
    end();
}

TEST(a_reload_carries_the_time_at_which_it_began_in_microseconds)
{
    begin();
    listen_at(f.address);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    notify_reloading(&f.notify);
    clock_gettime(CLOCK_MONOTONIC, &after);
    struct str said = hear();
    CHECK(str_starts(said, STR("RELOADING=1\nMONOTONIC_USEC=")));
    f.heard[said.len] = '\0';
    long long at = strtoll(strrchr(f.heard, '=') + 1, NULL, 10);
    CHECK(at >= (long long)before.tv_sec * 1000000 + before.tv_nsec / 1000);
    CHECK(at <= (long long)after.tv_sec * 1000000 + after.tv_nsec / 1000);
    notify_ready(&f.notify);
    CHECK_STR(hear(), "READY=1\n");
    end();
}

TEST(a_status_is_one_line_is_cut_and_is_said_once)
{
    begin();
    listen_at(f.address);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    notify_status(&f.notify, "one\nSTOPPING=1");
    CHECK_STR(hear(), "STATUS=one STOPPING=1\n");
    notify_status(&f.notify, "one\nSTOPPING=1");
    CHECK_STR(hear(), "");
    notify_status(&f.notify, "%0300d", 7);
    CHECK_INT((int64_t)hear().len, (int64_t)strlen("STATUS=\n") + NOTIFY_STATUS - 1);
    end();
}

TEST(what_a_full_queue_does_not_take_is_said_later_as_things_stand_then)
{
    begin();
    listen_at(f.address);
    setenv("WATCHDOG_USEC", "20000000", 1);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    int n = 0;
    while (n < 100000 && sendto(f.notify.fd, "X=1\n", 4, MSG_DONTWAIT, (struct sockaddr *)&f.notify.address,
                                f.notify.address_len) > 0)
        n++;
    CHECK(n > 0 && n < 100000);
    notify_ready(&f.notify);
    notify_status(&f.notify, "draining, 2 running");
    notify_stopping(&f.notify);
    notify_status(&f.notify, "draining, 1 running");
    pass(10000);
    pass(100);
    for (int i = 0; i < n; i++) CHECK_STR(hear(), "X=1\n");
    CHECK_STR(hear(), "");
    pass(100);
    CHECK_STR(hear(), "STOPPING=1\nSTATUS=draining, 1 running\nWATCHDOG=1\n");
    pass(1000);
    CHECK_STR(hear(), "");
    end();
}

TEST(a_manager_that_is_gone_is_not_waited_for_and_one_that_is_back_is_told)
{
    begin();
    listen_at(f.address);
    CHECK_INT(notify_open(&f.notify, &f.turn, &f.e), 0);
    close(f.manager);
    unlink(f.address);
    notify_ready(&f.notify);
    CHECK_INT(turn_next_ms(&f.turn), -1);
    listen_at(f.address);
    unsetenv("NOTIFY_SOCKET");
    notify_stopping(&f.notify);
    CHECK_STR(hear(), "STOPPING=1\n");
    end();
}

TEST_MAIN
