/* SPDX-License-Identifier: Apache-2.0
 *
 * attack HOW COUNT HOST:PORT [TARGET]: COUNT hostile connections on one thread, until it is told to end.
 *
 *   idle      says nothing
 *   head      a head byte by byte, one every TICK_MS
 *   body      a body byte by byte
 *   deaf      asks for TARGET thirty times and never reads
 *   refused   sends what must be refused, reads the refusal, comes again
 *   pipeline  sends requests as fast as they are taken, reads what comes
 *
 * A connection that the server closes is opened again. Says "ready" when all are open, and at its end, on SIGTERM, how
 * many were opened and how many MiB came back.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_MS 100
#define COUNT_MAX 10000
#define PIPELINED (64 * 1024)

static const struct attack {
    const char *how;
    const char *first; /* sent when connected; NULL: TARGET, thirty times */
    bool drips, reads, pipelines;
} attacks[] = {
    {"idle", "", false, false, false},
    {"head", "G", true, false, false},
    {"body", "POST /v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
     true, false, false},
    {"deaf", NULL, false, false, false},
    {"refused", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", false, true, false},
    {"pipeline", "", false, true, true},
};

static const struct attack *attack;
static struct addrinfo *address;
static int fds[COUNT_MAX], epoll;
static char flood[PIPELINED], first[PIPELINED];
static const char request[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
static size_t flood_len, first_len, cut[COUNT_MAX]; /* bytes of a request that were taken without its rest */
static long opened;
static double received;
static volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static void give_up(const char *what)
{
    fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void leave(void)
{
    printf("%ld opened, %.0f MiB received\n", opened, received / (1024 * 1024));
    exit(0);
}

static void come(int at)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, small = 4096;
    if (fd < 0) give_up("no socket");
    if (!attack->first) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0) {
        if (ended) leave();
        give_up("cannot connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    send(fd, first, first_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    struct epoll_event e = {.events = EPOLLRDHUP | (attack->reads ? EPOLLIN : 0) | (attack->pipelines ? EPOLLOUT : 0)};
    e.data.u32 = (uint32_t)at;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0) give_up("epoll");
    fds[at] = fd;
    cut[at] = 0;
    opened++;
}

static void come_again(int at)
{
    close(fds[at]);
    come(at);
}

static void on_event(int at, uint32_t events)
{
    static char in[256 * 1024];
    if (events & EPOLLIN) {
        ssize_t n = recv(fds[at], in, sizeof in, MSG_DONTWAIT);
        if (n > 0) received += (double)n;
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            come_again(at);
            return;
        }
    } else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        come_again(at);
        return;
    }
    if (!(events & EPOLLOUT)) return;
    ssize_t n = send(fds[at], flood + cut[at], flood_len - cut[at], MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) cut[at] = (cut[at] + (size_t)n) % (sizeof request - 1);
}

static void drip(int count)
{
    for (int at = 0; at < count && attack->drips; at++)
        send(fds[at], attack->first[0] == 'G' ? "E" : " ", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int clock_of(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec t = {{0, TICK_MS * 1000000}, {0, TICK_MS * 1000000}};
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = COUNT_MAX};
    if (fd < 0 || timerfd_settime(fd, 0, &t, NULL) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        give_up("timer");
    return fd;
}

static void prepare(const char *how, char *to, const char *target)
{
    char *port = strrchr(to, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    for (attack = attacks; strcmp(attack->how, how) != 0; attack++)
        if (attack == attacks + sizeof attacks / sizeof *attacks - 1) give_up(how);
    if (!port) give_up("no port");
    *port++ = 0;
    if (getaddrinfo(to, port, &hints, &address) != 0) give_up("no such address");
    for (; flood_len + sizeof request <= sizeof flood; flood_len += sizeof request - 1)
        memcpy(flood + flood_len, request, sizeof request - 1);
    for (int i = 0; i < (attack->first ? 1 : 30); i++)
        first_len += (size_t)(attack->first ? snprintf(first, sizeof first, "%s", attack->first)
                                            : snprintf(first + first_len, 1024,
                                                       "GET %.500s HTTP/1.1\r\nHost: a\r\n\r\n", target));
    struct rlimit r;
    getrlimit(RLIMIT_NOFILE, &r);
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    struct sigaction sa = {.sa_handler = on_term};
    sigaction(SIGTERM, &sa, NULL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
}

int main(int argc, char **argv)
{
    if (argc < 4) return 64;
    int count = (int)strtol(argv[2], NULL, 10);
    if (count < 1 || count > COUNT_MAX) return 64;
    prepare(argv[1], argv[3], argv[4] ? argv[4] : "/livez");
    for (int at = 0; at < count; at++) come(at);
    int timer = clock_of();
    printf("ready\n");
    fflush(stdout);
    while (!ended) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            uint64_t ticks;
            if (events[i].data.u32 != COUNT_MAX) on_event((int)events[i].data.u32, events[i].events);
            else if (read(timer, &ticks, sizeof ticks) > 0) drip(count);
        }
    }
    leave();
}
