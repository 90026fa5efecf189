/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening: addresses good and bad, ports and socket files in use, and a process that runs out of descriptors.
 */
#include "loop/listen.h"
#include "test/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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
    struct loop *loop;
    struct later stop;
    char bound[LISTEN_BOUND], dir[64], path[96], address[112];
    struct err e;
    struct stream *streams[8];
    char peer[LISTEN_PEER];
    int accepted, closed;
} f;

static void on_accept(void *owner, struct stream *s, const char *peer)
{
    (void)owner; /* the stream is not owned here: it only gets closed */
    f.streams[f.accepted++] = s;
    str_copy(f.peer, sizeof f.peer, str_of(peer));
}

static void on_closed(void *owner)
{
    (void)owner;
    f.closed++;
}

static const struct listen_events events = {on_accept, on_closed};

static void begin(void)
{
    f = (struct fixture){.clock = {{hand_ms, hand_ms}, 1000}};
    turn_init(&f.turn, &f.clock.clock, rng_system());
    list_init(&f.stop.link);
    CHECK_INT(loop_open(&f.loop, &f.turn, &f.e), 0);
    memcpy(f.dir, "/tmp/bide-listen-XXXXXX", 24);
    CHECK(mkdtemp(f.dir) != NULL);
    snprintf(f.path, sizeof f.path, "%s/sock", f.dir);
    snprintf(f.address, sizeof f.address, "unix:%s", f.path);
}

static void on_stop(struct later *l)
{
    (void)l;
    loop_stop(f.loop);
}

static void step(void)
{
    turn_later(&f.turn, &f.stop, on_stop);
    loop_run(f.loop);
}

static void step_until(const int *counter, int wanted)
{
    for (int64_t until_ms = clock_mono_ms(&clock_system) + 10000; *counter < wanted; step())
        CHECK(clock_mono_ms(&clock_system) < until_ms);
}

static void end(void)
{
    for (int i = 0; i < f.accepted; i++) stream_close(f.streams[i]);
    loop_close(f.loop);
    turn_release(&f.turn);
    unlink(f.path);
    rmdir(f.dir);
}

static int try_open(struct listener **ret_listener, const char *address)
{
    return listen_open(ret_listener, f.loop, address, &events, &f, f.bound, &f.e);
}

static int connect_tcp(int fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtol(strrchr(f.bound, ':') + 1, NULL, 10));
    return connect(fd, (struct sockaddr *)&to, sizeof to);
}

static int connect_unix(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, f.path, strlen(f.path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

TEST(addresses_of_every_form_are_bound_and_told)
{
    static const struct {
        const char *address, *bound; /* what it starts with */
    } rows[] = {{"127.0.0.1:0", "127.0.0.1:"}, {"localhost:0", "127.0.0.1:"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct listener *li;
        begin();
        CHECK_INT(try_open(&li, rows[i].address), 0);
        CHECK(str_starts(str_of(f.bound), str_of(rows[i].bound)));
        CHECK(strtol(strrchr(f.bound, ':') + 1, NULL, 10) > 0);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK_INT(connect_tcp(fd), 0);
        step_until(&f.accepted, 1);
        CHECK_STR(str_of(f.peer), "127.0.0.1");
        listen_close(li);
        listen_close(li);
        step_until(&f.closed, 1);
        close(fd);
        end();
    }
}

TEST(an_address_without_a_host_takes_callers_of_ipv4)
{
    struct listener *li;
    begin();
    CHECK_INT(try_open(&li, ":0"), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect_tcp(fd), 0);
    step_until(&f.accepted, 1);
    CHECK_STR(str_of(f.peer), "127.0.0.1"); /* not ::ffff:127.0.0.1 */
    listen_close(li);
    close(fd);
    end();
}

TEST(addresses_that_are_none_are_refused_with_their_text)
{
    static const char *const rows[] = {
        "",       "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",  "127.0.0.1:70000", "[::1]",
        "[::1:0", "[]:0", "::1:0:0",   "a b:80",     "127.0.0.1:-1", "unix:",           "300.1.1.1:0"};
    struct listener *li;
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(try_open(&li, rows[i]), ERR_INVALID);
        CHECK(str_starts(str_of(f.e.text), str_of(rows[i])));
    }
    char longer[200] = "unix:/";
    memset(longer + 6, 'x', 150);
    CHECK_INT(try_open(&li, longer), ERR_INVALID);
    CHECK_INT(try_open(&li, "unix:/nonexistent-folder/sock"), ERR_IO);
    CHECK_STR(str_of(f.e.text), "unix:/nonexistent-folder/sock: no such file or directory");
    end();
}

TEST(a_port_in_use_is_refused_in_words)
{
    struct listener *li, *again;
    begin();
    CHECK_INT(try_open(&li, "127.0.0.1:0"), 0);
    char address[LISTEN_BOUND], wanted[200];
    str_copy(address, sizeof address, str_of(f.bound));
    snprintf(wanted, sizeof wanted, "%s: address already in use", address);
    CHECK_INT(try_open(&again, address), ERR_LOCKED);
    CHECK_STR(str_of(f.e.text), wanted);
    listen_close(li);
    step_until(&f.closed, 1);
    CHECK_INT(try_open(&li, address), 0); /* free again at once */
    listen_close(li);
    end();
}

TEST(a_unix_socket_is_bound_used_and_removed)
{
    struct listener *li;
    begin();
    CHECK_INT(try_open(&li, f.address), 0);
    CHECK_STR(str_of(f.bound), f.address);
    int fd = connect_unix();
    step_until(&f.accepted, 1);
    CHECK_STR(str_of(f.peer), "unix");
    listen_close(li);
    CHECK_INT(access(f.path, F_OK), -1);
    close(fd);
    end();
}

TEST(a_stale_socket_file_is_replaced_a_live_one_and_other_files_are_not)
{
    struct listener *li, *second;
    begin();
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, f.path, strlen(f.path) + 1);
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(dead, (struct sockaddr *)&at, sizeof at), 0);
    close(dead); /* as after kill -9: the file is there, nobody listens */
    CHECK_INT(try_open(&li, f.address), 0);
    char wanted[200];
    snprintf(wanted, sizeof wanted, "%s: address already in use", f.address);
    CHECK_INT(try_open(&second, f.address), ERR_LOCKED);
    CHECK_STR(str_of(f.e.text), wanted);
    int fd = connect_unix(); /* the first one still listens */
    step_until(&f.accepted, 1);
    close(fd);
    listen_close(li);
    int file = open(f.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK(file >= 0);
    close(file);
    CHECK_INT(try_open(&li, f.address), ERR_LOCKED);
    CHECK_INT(access(f.path, F_OK), 0); /* somebody's file, not a socket: left alone */
    end();
}

TEST(a_socket_file_that_another_server_took_over_is_left_alone)
{
    struct listener *first, *second;
    begin();
    CHECK_INT(try_open(&first, f.address), 0);
    CHECK_INT(unlink(f.path), 0);
    CHECK_INT(try_open(&second, f.address), 0);
    listen_close(first);
    CHECK_INT(access(f.path, F_OK), 0);
    listen_close(second);
    CHECK_INT(access(f.path, F_OK), -1);
    end();
}

TEST(without_descriptors_callers_wait_and_are_accepted_after_a_pause)
{
    struct listener *li;
    struct rlimit before;
    begin();
    CHECK_INT(try_open(&li, "127.0.0.1:0"), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int next = dup(fd); /* the number the next descriptor would get */
    close(next);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {(rlim_t)next, before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_INT(connect_tcp(fd), 0);
    for (int i = 0; i < 10; i++) step();
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(f.accepted, 0);
    for (int i = 0; i < 10; i++) step();
    CHECK_INT(f.accepted, 0); /* paused: no spinning */
    CHECK_INT(turn_next_ms(&f.turn), 100);
    f.clock.now_ms += 100;
    step_until(&f.accepted, 1);
    listen_close(li);
    close(fd);
    end();
}

TEST(accepted_streams_do_not_delay_small_writes)
{
    struct listener *li;
    begin();
    CHECK_INT(try_open(&li, "127.0.0.1:0"), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), highest = dup(fd);
    close(highest);
    CHECK_INT(connect_tcp(fd), 0);
    step_until(&f.accepted, 1);
    int on = 0;
    socklen_t len = sizeof on;
    CHECK_INT(getsockopt(highest, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0); /* its number is the one that was free */
    CHECK(on != 0);
    listen_close(li);
    close(fd);
    end();
}

TEST_MAIN
