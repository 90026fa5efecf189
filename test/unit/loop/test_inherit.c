/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets handed over by a service manager. Descriptor numbers are part of the protocol, so each case is a process of
 * its own that puts them in place.
 */
#include "loop/bind.h"
#include "loop/inherit.h"
#include "test/test.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs it in a child, whose failed CHECK is this test's. */
static void in_child(void (*body)(void))
{
    int status;
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) _exit(test_passes(body) ? 0 : 1);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
}

static void give(const char *pid, const char *fds, const char *names)
{
    char own[16];
    snprintf(own, sizeof own, "%d", (int)getpid());
    setenv("LISTEN_PID", pid ? pid : own, 1);
    setenv("LISTEN_FDS", fds, 1);
    if (names) setenv("LISTEN_FDNAMES", names, 1);
    else unsetenv("LISTEN_FDNAMES");
}

/* A socket as `fd`, inherited by whatever is executed. */
static void place(int made, int fd)
{
    CHECK(made >= 0);
    if (made == fd) {
        fcntl(fd, F_SETFD, 0);
        return;
    }
    CHECK_INT(dup2(made, fd), fd);
    close(made);
}

static void is_forgotten(void) { CHECK(!getenv("LISTEN_PID") && !getenv("LISTEN_FDS") && !getenv("LISTEN_FDNAMES")); }

static void two_sockets(void)
{
    struct inherit_socket got[4];
    size_t n = 99;
    place(socket(AF_INET, SOCK_STREAM, 0), 3);
    place(socket(AF_INET, SOCK_STREAM, 0), 4);
    place(socket(AF_INET, SOCK_STREAM, 0), 5);
    give(NULL, "2", "http:");
    CHECK_INT(inherit_take(got, 4, &n, NULL), 0);
    CHECK_INT((int64_t)n, 2);
    CHECK_INT(got[0].fd, 3);
    CHECK_INT(got[1].fd, 4);
    CHECK_STR(str_of(got[0].name), "http");
    CHECK_STR(str_of(got[1].name), "unknown");
    CHECK_INT(fcntl(3, F_GETFD), FD_CLOEXEC);
    CHECK_INT(fcntl(4, F_GETFD), FD_CLOEXEC);
    CHECK_INT(fcntl(5, F_GETFD), 0); /* not ours to touch */
    is_forgotten();
}

TEST(the_descriptors_from_3_on_are_taken_with_their_names_and_not_inherited_any_further) { in_child(two_sockets); }

static void for_another(void)
{
    struct inherit_socket got[4];
    size_t n = 99;
    place(socket(AF_INET, SOCK_STREAM, 0), 3);
    give("1", "1", "http");
    CHECK_INT(inherit_take(got, 4, &n, NULL), 0);
    CHECK_INT((int64_t)n, 0);
    CHECK_INT(fcntl(3, F_GETFD), 0);
    is_forgotten();
}

TEST(sockets_for_another_process_are_left_alone) { in_child(for_another); }

static void nonsense(void)
{
    static const struct {
        const char *pid, *fds, *word;
    } rows[] = {{NULL, "two", "LISTEN_FDS"},
                {NULL, "-1", "LISTEN_FDS"},
                {NULL, "3", "at most 2"},
                {"x", "1", "LISTEN_PID"},
                {NULL, "2", "descriptor 4 is not open"}};
    struct inherit_socket got[2];
    struct err e;
    size_t n = 99;
    place(socket(AF_INET, SOCK_STREAM, 0), 3);
    close(4);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        give(rows[i].pid, rows[i].fds, NULL);
        CHECK_INT(inherit_take(got, 2, &n, &e), ERR_INVALID);
        CHECK(strstr(e.text, rows[i].word) != NULL);
        CHECK_INT((int64_t)n, 99);
        is_forgotten();
    }
}

TEST(variables_that_make_no_sense_are_refused_in_words) { in_child(nonsense); }

static int listening(int domain, const struct sockaddr *at, socklen_t len, int type)
{
    int fd = socket(domain, type, 0);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, at, len), 0);
    if (type == SOCK_STREAM) CHECK_INT(listen(fd, 5), 0);
    return fd;
}

TEST(a_tcp_socket_that_listens_is_taken_and_tells_its_address)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct bind_socket b;
    int fd = listening(AF_INET, (struct sockaddr *)&at, sizeof at, SOCK_STREAM);
    CHECK_INT(bind_take(&b, fd, "web", NULL), 0);
    CHECK(str_starts(str_of(b.bound), STR("127.0.0.1:")) && !b.is_unix);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    bind_close(&b);
}

TEST(a_unix_socket_is_taken_and_its_file_stays_when_it_is_closed)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct bind_socket b;
    char wanted[sizeof at.sun_path + 8];
    snprintf(at.sun_path, sizeof at.sun_path, "/tmp/bide-inherit-%d", (int)getpid());
    snprintf(wanted, sizeof wanted, "unix:%s", at.sun_path);
    CHECK_INT(bind_take(&b, listening(AF_UNIX, (struct sockaddr *)&at, sizeof at, SOCK_STREAM), "web", NULL), 0);
    CHECK(b.is_unix);
    CHECK_STR(str_of(b.bound), wanted);
    bind_close(&b);
    CHECK_INT(access(at.sun_path, F_OK), 0);
    unlink(at.sun_path);
}

TEST(an_abstract_socket_is_shown_with_an_at_sign)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct bind_socket b;
    char wanted[64];
    int len = snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "bide-inherit-%d", (int)getpid());
    snprintf(wanted, sizeof wanted, "unix:@bide-inherit-%d", (int)getpid());
    socklen_t size = (socklen_t)((size_t)len + 1 + sizeof at.sun_family);
    CHECK_INT(bind_take(&b, listening(AF_UNIX, (struct sockaddr *)&at, size, SOCK_STREAM), "web", NULL), 0);
    CHECK_STR(str_of(b.bound), wanted);
    bind_close(&b);
}

static void refuses(int fd, const char *word)
{
    struct bind_socket b;
    struct err e;
    CHECK_INT(bind_take(&b, fd, "inherited socket 3 (web)", &e), ERR_INVALID);
    CHECK(str_starts(str_of(e.text), STR("inherited socket 3 (web): ")));
    CHECK(strstr(e.text, word) != NULL);
    close(fd);
}

TEST(what_does_not_listen_for_streams_is_refused_in_words)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int pair[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    refuses(pair[0], "Accept=no");
    close(pair[1]);
    refuses(listening(AF_INET, (struct sockaddr *)&at, sizeof at, SOCK_DGRAM), "ListenStream");
    refuses(socket(AF_NETLINK, SOCK_RAW, 0), "neither a TCP nor a UNIX");
    refuses(open("/dev/null", O_RDWR), "neither a TCP nor a UNIX");
    refuses(900, "Bad file descriptor");
}

TEST_MAIN
