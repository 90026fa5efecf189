/* SPDX-License-Identifier: Apache-2.0
 *
 * put [-l] [-c CONNECTIONS] [-t SECONDS] [-b BYTES] HOST PORT: what beanstalkd can do, asked the way wrk asks bide.
 *
 * Many connections on one thread, one command outstanding on each. Without -l every connection puts jobs of BYTES;
 * with -l it leads whole lives: put, reserve (whichever job comes), delete. A latency is a put, or a life.
 *
 *     PUT ──INSERTED──▶ (-l) RESERVE ──RESERVED──▶ DELETE ──DELETED──┐
 *      ▲ └──INSERTED────────────────────────────────────────────────┤
 *      └────────────────────────────────────────────────────────────┘
 *
 * Any other answer ends the program: a figure made of refusals would be worth nothing.
 */
#include "latencies.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define BYTES_MAX 4096

enum step { PUT, RESERVE, DELETE };

struct connection {
    int fd;
    enum step step;
    int64_t began_us;
    char in[BYTES_MAX + 128];
    size_t in_len;
};

static struct connection connections[CONNECTIONS_MAX];
static struct latencies latencies;
static char put_command[BYTES_MAX + 128];
static size_t put_len;
static bool lives;

static void give_up(const char *what, const char *with)
{
    fprintf(stderr, "put: %s%s\n", what, with);
    exit(1);
}

static void make_put(size_t bytes)
{
    put_len = (size_t)snprintf(put_command, sizeof put_command, "put 1000 0 60 %zu\r\n", bytes);
    memset(put_command + put_len, 'x', bytes);
    memcpy(put_command + put_len + bytes, "\r\n", 3);
    put_len += bytes + 2;
}

static int connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, port, &hints, &found) != 0) give_up("no such address: ", host);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) give_up("cannot connect to ", host);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    freeaddrinfo(found);
    return fd;
}

static void send_all(struct connection *c, const char *p, size_t len)
{
    /* a command is far smaller than a socket's buffer, and the one before it was answered */
    if (send(c->fd, p, len, MSG_NOSIGNAL) != (ssize_t)len) give_up("a command was not taken", "");
}

static void begin(struct connection *c)
{
    c->step = PUT;
    c->began_us = latencies_now_us();
    send_all(c, put_command, put_len);
}

static void complete(struct connection *c)
{
    latencies_add(&latencies, latencies_now_us() - c->began_us);
    begin(c);
}

/* `c->in` begins with a whole line. True when the answer is whole and the next command was sent. */
static bool answered(struct connection *c)
{
    char command[64];
    unsigned long long id, bytes;
    switch (c->step) {
    case PUT:
        if (strncmp(c->in, "INSERTED ", 9) != 0) give_up("put was answered ", c->in);
        if (lives) {
            c->step = RESERVE;
            send_all(c, "reserve\r\n", 9);
        } else {
            complete(c);
        }
        return true;
    case RESERVE:
        if (sscanf(c->in, "RESERVED %llu %llu", &id, &bytes) != 2) give_up("reserve was answered ", c->in);
        if (c->in_len < (size_t)(strchr(c->in, '\n') - c->in) + 1 + bytes + 2) return false;
        c->step = DELETE;
        send_all(c, command, (size_t)snprintf(command, sizeof command, "delete %llu\r\n", id));
        return true;
    case DELETE:
        if (strncmp(c->in, "DELETED", 7) != 0) give_up("delete was answered ", c->in);
        complete(c);
        return true;
    }
    return false;
}

static void on_readable(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_len, sizeof c->in - 1 - c->in_len, 0);
    if (n <= 0) give_up("the server closed a connection", "");
    c->in_len += (size_t)n;
    c->in[c->in_len] = 0;
    if (!strchr(c->in, '\n') || !answered(c)) return;
    c->in_len = 0;
}

static void serve(int epoll, int64_t until_us)
{
    struct epoll_event ready[64];
    while (latencies_now_us() < until_us) {
        int n = epoll_wait(epoll, ready, 64, 100);
        for (int i = 0; i < n; i++) on_readable(ready[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    int n = 64, seconds = 5, bytes = 200, option;
    while ((option = getopt(argc, argv, "lc:t:b:")) != -1) {
        if (option == 'l') lives = true;
        else if (option == 'c') n = (int)strtol(optarg, NULL, 10);
        else if (option == 't') seconds = (int)strtol(optarg, NULL, 10);
        else if (option == 'b') bytes = (int)strtol(optarg, NULL, 10);
        else return 64;
    }
    if (argc - optind != 2 || n < 1 || n > CONNECTIONS_MAX || seconds < 1 || bytes < 0 || bytes > BYTES_MAX)
        give_up("usage: put [-l] [-c CONNECTIONS] [-t SECONDS] [-b BYTES] HOST PORT", "");
    make_put((size_t)bytes);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < n; i++) {
        connections[i].fd = connect_to(argv[optind], argv[optind + 1]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event) != 0) give_up("epoll_ctl failed", "");
    }
    int64_t start_us = latencies_now_us();
    for (int i = 0; i < n; i++) begin(&connections[i]);
    serve(epoll, start_us + (int64_t)seconds * 1000000);
    latencies_print(&latencies, latencies_now_us() - start_us, 0);
    return 0;
}
