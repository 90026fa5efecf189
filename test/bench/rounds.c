/* SPDX-License-Identifier: Apache-2.0
 *
 * rounds [-c CONNECTIONS] [-n ROUNDS] [-H HEADER]... HOST:PORT TARGET [JSON | -]: a fixed number of requests, for
 * counting what each costs. GET TARGET, POST of JSON, or POST of the standard input as NDJSON.
 *
 * In each round every connection sends one request, then every answer is read: what came together can be served
 * together. An answer that is not a 2xx ends the program: a count of refusals would be worth nothing.
 */
#include "connect.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define REQUEST_MAX (256 * 1024)
#define ANSWER_MAX (1024 * 1024)

static char request[REQUEST_MAX], answer[ANSWER_MAX];
static size_t request_len;

static void give_up(const char *what, const char *with)
{
    fprintf(stderr, "rounds: %s%s\n", what, with);
    exit(1);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    request_len += (size_t)vsnprintf(request + request_len, sizeof request - request_len, format, args);
    va_end(args);
    if (request_len >= sizeof request) give_up("the request is too long", "");
}

/* An answer in chunks ends with an empty one: what is asked here has no chunk that looks like it. */
static bool is_whole(const char *in, size_t len)
{
    const char *body = strstr(in, "\r\n\r\n"), *length = strcasestr(in, "\r\nContent-Length:");
    if (!body) return false;
    if (length && length < body) return len >= (size_t)(body + 4 - in) + strtoul(length + 17, NULL, 10);
    return len >= 5 && strcmp(in + len - 5, "0\r\n\r\n") == 0;
}

static void send_request(int fd)
{
    for (size_t sent = 0; sent < request_len;) {
        ssize_t n = send(fd, request + sent, request_len - sent, MSG_NOSIGNAL);
        if (n <= 0) give_up("a request was not taken", "");
        sent += (size_t)n;
    }
}

static void read_answer(int fd)
{
    size_t got = 0;
    do {
        ssize_t n = got < sizeof answer - 1 ? recv(fd, answer + got, sizeof answer - 1 - got, 0) : 0;
        if (n <= 0) give_up("no whole answer came", "");
        got += (size_t)n;
        answer[got] = 0;
    } while (!is_whole(answer, got));
    if (strncmp(answer, "HTTP/1.1 2", 10) != 0) give_up("the answer was ", answer);
}

/* `headers`: what was said with -H. */
static void make_request(const char *address, const char *target, const char *body, const char *headers)
{
    static char lines[REQUEST_MAX];
    bool is_ndjson = body && strcmp(body, "-") == 0;
    if (is_ndjson) {
        lines[fread(lines, 1, sizeof lines - 1, stdin)] = 0;
        body = lines;
    }
    say("%s %s HTTP/1.1\r\nHost: %s\r\n%s", body ? "POST" : "GET", target, address, headers);
    if (body)
        say("Content-Type: application/%s\r\nContent-Length: %zu\r\n", is_ndjson ? "x-ndjson" : "json", strlen(body));
    say("\r\n%s", body ? body : "");
}

int main(int argc, char **argv)
{
    static int fds[CONNECTIONS_MAX];
    char headers[1024] = "";
    long n = 1, rounds = 1;
    int option;
    while ((option = getopt(argc, argv, "c:n:H:")) != -1) {
        size_t len = strlen(headers);
        if (option == 'c') n = strtol(optarg, NULL, 10);
        else if (option == 'n') rounds = strtol(optarg, NULL, 10);
        else if (option == 'H') snprintf(headers + len, sizeof headers - len, "%s\r\n", optarg);
        else return 64;
    }
    if (argc - optind < 2 || n < 1 || n > CONNECTIONS_MAX || rounds < 0)
        give_up("usage: rounds [-c CONNECTIONS] [-n ROUNDS] [-H HEADER]... HOST:PORT TARGET [JSON | -]", "");
    make_request(argv[optind], argv[optind + 1], argv[optind + 2], headers);
    for (long i = 0; i < n; i++) fds[i] = connect_to("rounds", argv[optind]);
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < n; i++) send_request(fds[i]);
        for (long i = 0; i < n; i++) read_answer(fds[i]);
    }
    return 0;
}
