/* SPDX-License-Identifier: Apache-2.0
 *
 * polls COUNT HOST:PORT <IDS: COUNT idle long polls, a connection and a task each, on one thread, until it is told to end.
 *
 * IDS are lines; there may be fewer than COUNT, and then some tasks are waited for more than once. A poll that is answered
 * asks again. Says "ready" when all have asked, and at its end, on SIGTERM, how many answers came.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT_MAX 10000
#define ID_MAX 64

static char ids[COUNT_MAX][ID_MAX];
static int fds[COUNT_MAX];
static int n_ids;
static long answers;
static volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static void give_up(const char *what)
{
    fprintf(stderr, "polls: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(int at)
{
    char request[256];
    int len = snprintf(request, sizeof request, "GET /v1/tasks/%s?wait=60 HTTP/1.1\r\nHost: a\r\n\r\n", ids[at % n_ids]);
    if (send(fds[at], request, (size_t)len, MSG_NOSIGNAL) != len) give_up("a request was not taken");
}

static void come(int at, const struct addrinfo *to, int epoll)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)at};
    fds[at] = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fds[at] < 0 || connect(fds[at], to->ai_addr, to->ai_addrlen) != 0) give_up("cannot connect");
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[at], &e) != 0) give_up("epoll");
    ask(at);
}

/* An answer about a task is short, and comes in one piece. */
static void on_answer(int at)
{
    static char in[64 * 1024];
    ssize_t n = recv(fds[at], in, sizeof in, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) give_up("a connection was closed");
    if (strncmp(in, "HTTP/1.1 200 ", 13) != 0) give_up("a poll was refused");
    answers++;
    ask(at);
}

static struct addrinfo *find(char *address)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    char *port = strrchr(address, ':');
    if (!port) give_up("no port");
    *port++ = 0;
    if (getaddrinfo(address, port, &hints, &found) != 0) give_up("no such address");
    return found;
}

int main(int argc, char **argv)
{
    int count = argc == 3 ? (int)strtol(argv[1], NULL, 10) : 0, epoll = epoll_create1(EPOLL_CLOEXEC);
    if (count < 1 || count > COUNT_MAX || epoll < 0) return 64;
    while (n_ids < count && fgets(ids[n_ids], ID_MAX, stdin)) {
        ids[n_ids][strcspn(ids[n_ids], "\n")] = 0;
        n_ids++;
    }
    if (n_ids == 0) give_up("no ids");
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    const struct addrinfo *to = find(argv[2]);
    for (int at = 0; at < count; at++) come(at, to, epoll);
    printf("ready\n");
    fflush(stdout);
    while (!ended) {
        struct epoll_event events[256];
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) on_answer((int)events[i].data.u32);
    }
    printf("%ld answers\n", answers);
    return 0;
}
