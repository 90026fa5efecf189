/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole HTTP server inside a test: real sockets, a clock that stands still until the test moves it, one thread. The
 * test's clients are non-blocking sockets; rig_step() lets the server do what it can at this moment, without sleeping.
 * Whoever waits for a condition steps until it holds, for at most a real minute.
 */
#ifndef RIG_H
#define RIG_H

#include "base/buf.h"
#include "base/limits.h"
#include "http/http.h"
#include "http/inside.h"
#include "test/test.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RIG_HELD 16

struct rig_clock {
    struct clock clock;
    int64_t now_ms;
};

struct rig {
    struct rig_clock clock;
    struct rng_seeded rng;
    struct turn turn;
    struct later stop;
    struct loop *loop;
    struct http *http;
    char bound[128];
    bool closed;
    bool hold;                           /* keep requests instead of answering with an echo */
    struct http_request *held[RIG_HELD]; /* in order of arrival */
    int n_held, n_gone;
    int64_t deadline_ms; /* real time: when the test gives up waiting */
};

static struct rig *rig_now; /* on_gone has no other way to the rig */

static inline int64_t rig_ms(const struct clock *c) { return CONTAINER_OF(c, const struct rig_clock, clock)->now_ms; }

static inline int64_t rig_real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* "GET /path?query body" as text/plain */
static inline void rig_echo(struct http_request *r)
{
    struct str text = arena_format(&r->arena, "%.*s %.*s?%.*s %.*s", STR_ARG(r->method), STR_ARG(r->path),
                                   STR_ARG(r->query), (int)r->body.len, r->body.len ? r->body.p : "");
    struct http_reply reply = {.status = 200, .content_type = "text/plain", .body = text, .body_stays = true};
    http_reply(r, &reply);
}

static inline void rig_on_request(void *user, struct http_request *r)
{
    struct rig *rig = user;
    if (!rig->hold) {
        rig_echo(r);
        return;
    }
    if (rig->n_held == RIG_HELD) abort();
    rig->held[rig->n_held++] = r;
}

static inline void rig_on_gone(struct http_request *r)
{
    (void)r;
    rig_now->n_gone++;
}

static inline void rig_open_at(struct rig *rig, const char *address)
{
    *rig = (struct rig){.clock = {{rig_ms, rig_ms}, 1800000000000}};
    rig_now = rig;
    rng_seeded_init(&rig->rng, 7);
    turn_init(&rig->turn, &rig->clock.clock, &rig->rng.rng);
    list_init(&rig->stop.link);
    struct http_conf conf = {.turn = &rig->turn, .user = rig, .on_request = rig_on_request, .server_name = "bide/test"};
    struct err e = {0};
    CHECK_INT(loop_open(&rig->loop, &rig->turn, &e), 0);
    CHECK_INT(http_open(&rig->http, rig->loop, &conf, &e), 0);
    CHECK_INT(http_listen(rig->http, address, rig->bound, &e), 0);
    rig->deadline_ms = rig_real_ms() + 60000;
}

static inline void rig_open(struct rig *rig) { rig_open_at(rig, "127.0.0.1:0"); }

static inline void rig_on_stop(struct later *l) { loop_stop(CONTAINER_OF(l, struct rig, stop)->loop); }

static inline void rig_step(struct rig *rig)
{
    CHECK(rig_real_ms() < rig->deadline_ms);
    turn_later(&rig->turn, &rig->stop, rig_on_stop);
    loop_run(rig->loop);
}

/* Moves the clock and lets what is due happen. */
static inline void rig_pass(struct rig *rig, int64_t ms)
{
    rig->clock.now_ms += ms;
    rig_step(rig);
    rig_step(rig);
}

static inline void rig_on_closed(void *user) { ((struct rig *)user)->closed = true; }

static inline void rig_close(struct rig *rig)
{
    http_close(rig->http, rig_on_closed, rig);
    while (!rig->closed) rig_step(rig);
    loop_close(rig->loop);
    turn_release(&rig->turn);
}

static inline int rig_connect(struct rig *rig)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtol(strrchr(rig->bound, ':') + 1, NULL, 10));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bytes = 64 * 1024; /* a receive buffer that grows to 32 MiB would hide a slow reader from the server */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static inline void rig_send(struct rig *rig, int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.p, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
        if (n < 0 && errno != EAGAIN) return; /* the server has closed, as some tests want it to */
        if (n > 0) bytes = str_sub(bytes, (size_t)n, bytes.len);
        rig_step(rig);
    }
    rig_step(rig);
}

/* One read of what is there: > 0 bytes, 0 the server has closed, -1 nothing yet. */
static inline int rig_read(int fd, struct buf *b)
{
    char *room = buf_room(b, 65536);
    ssize_t n = recv(fd, room, 65536, MSG_DONTWAIT);
    if (n > 0) buf_wrote(b, (size_t)n);
    if (n < 0 && errno != EAGAIN) return 0;
    return (int)n;
}

/* Everything until the server closes. */
static inline void rig_read_all(struct rig *rig, int fd, struct buf *b)
{
    while (rig_read(fd, b) != 0) rig_step(rig);
}

/* The length of the answer at the front, 0 while it is not whole. */
static inline size_t rig_answer_len(struct str in)
{
    const char *end = in.len ? memmem(in.p, in.len, "\r\n\r\n", 4) : NULL;
    if (!end) return 0;
    size_t head = (size_t)(end - in.p) + 4, body = 0;
    const char *length = memmem(in.p, head, "Content-Length: ", 16);
    if (length) body = strtoul(length + 16, NULL, 10);
    return in.len >= head + body ? head + body : 0;
}

/* The next answer, as one str borrowed from `b` until the next call; what is left of it stays in `b`. */
static inline struct str rig_answer(struct rig *rig, int fd, struct buf *b, size_t *taken)
{
    buf_drop(b, *taken);
    *taken = 0;
    while ((*taken = rig_answer_len(buf_str(b))) == 0) {
        CHECK(rig_read(fd, b) != 0);
        rig_step(rig);
    }
    return str_sub(buf_str(b), 0, *taken);
}

static inline int rig_status(struct str answer)
{
    return answer.len > 12 && str_starts(answer, STR("HTTP/1.1 ")) ? (int)strtol(answer.p + 9, NULL, 10) : 0;
}

static inline bool rig_has(struct str s, const char *text)
{
    return s.len && memmem(s.p, s.len, text, strlen(text)) != NULL;
}

static inline struct str rig_body(struct str answer)
{
    const char *end = memmem(answer.p, answer.len, "\r\n\r\n", 4);
    CHECK(end != NULL);
    return str_sub(answer, (size_t)(end - answer.p) + 4, answer.len);
}

/* Sends on a new connection, reads until the server closes it. The caller releases `b`. */
static inline struct str rig_exchange(struct rig *rig, struct str bytes, struct buf *b)
{
    buf_init(b, 64 * 1024 * 1024);
    int fd = rig_connect(rig);
    rig_send(rig, fd, bytes);
    shutdown(fd, SHUT_WR);
    rig_read_all(rig, fd, b);
    close(fd);
    return buf_str(b);
}

#endif
