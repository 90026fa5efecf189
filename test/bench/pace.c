/* SPDX-License-Identifier: Apache-2.0
 *
 * pace [-r PER_SECOND] [-t SECONDS] HOST:PORT TARGET [JSON]: one quiet client, GET TARGET, or POST of JSON.
 *
 * Requests go out by the clock, on one connection. A latency counts from the moment its request was due, not from the
 * moment it could be sent: a server that stalls for a second is charged for all that should have been asked meanwhile.
 */
#include "connect.h"
#include "latencies.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct latencies latencies;

static void give_up(const char *what, const char *with)
{
    fprintf(stderr, "pace: %s%s\n", what, with);
    exit(1);
}

static bool is_whole(const char *in, size_t len)
{
    const char *body = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "\r\nContent-Length:");
    return body && length && len >= (size_t)(body + 4 - in) + strtoul(length + 17, NULL, 10);
}

/* True when it was answered with a 2xx. */
static bool ask(int fd, const char *request, size_t len)
{
    static char in[64 * 1024];
    size_t got = 0;
    if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len) give_up("a request was not taken", "");
    do {
        ssize_t n = recv(fd, in + got, sizeof in - 1 - got, 0);
        if (n <= 0) give_up("no whole answer came", "");
        got += (size_t)n;
        in[got] = 0;
    } while (!is_whole(in, got));
    return strncmp(in, "HTTP/1.1 2", 10) == 0;
}

static int clock_of(int per_second)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct timespec every = {per_second == 1, 1000000000 / per_second % 1000000000};
    struct itimerspec t = {every, every};
    if (fd < 0 || timerfd_settime(fd, 0, &t, NULL) != 0) give_up("there is no timer", "");
    return fd;
}

int main(int argc, char **argv)
{
    int per_second = 50, seconds = 10, option;
    while ((option = getopt(argc, argv, "r:t:")) != -1) {
        if (option == 'r') per_second = (int)strtol(optarg, NULL, 10);
        else if (option == 't') seconds = (int)strtol(optarg, NULL, 10);
        else return 64;
    }
    if (argc - optind < 2 || per_second < 1 || seconds < 1)
        give_up("usage: pace [-r PER_SECOND] [-t SECONDS] HOST:PORT TARGET [JSON]", "");
    const char *target = argv[optind + 1], *json = argv[optind + 2];
    char request[8192];
    int len = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: %s\r\n", json ? "POST" : "GET", target, argv[optind]);
    if (json)
        len += snprintf(request + len, sizeof request - (size_t)len,
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(json));
    len += snprintf(request + len, sizeof request - (size_t)len, "\r\n%s", json ? json : "");
    if (len >= (int)sizeof request) give_up("the request is too long", "");
    int fd = connect_to("pace", argv[optind]), timer = clock_of(per_second);
    int64_t start_us = latencies_now_us(), every_us = 1000000 / per_second, n = 0, errors = 0;
    while (n < (int64_t)seconds * per_second) {
        uint64_t due;
        if (read(timer, &due, sizeof due) != sizeof due) give_up("the timer failed", "");
        for (; due > 0; due--) {
            errors += !ask(fd, request, (size_t)len);
            latencies_add(&latencies, latencies_now_us() - start_us - ++n * every_us);
        }
    }
    latencies_print(&latencies, latencies_now_us() - start_us, errors);
    return 0;
}
