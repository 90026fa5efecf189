/* SPDX-License-Identifier: Apache-2.0
 *
 * The API inside a test: the server of the simulation (its clock stands, its store can be slow or away), the HTTP layer
 * on a loop of its own, clients at the other end of a socket pair.
 *
 *   struct client ──socket pair──▶ http ──▶ api ──▶ struct server of test/sim
 *
 * api_step() lets all of them do what they can at this moment; whoever waits for a condition steps until it holds, for
 * at most a real minute.
 */
#ifndef API_RIG_H
#define API_RIG_H

#include "api/api.h"
#include "base/limits.h"
#include "http/conn.h"
#include "http/inside.h"
#include "loop/stream.h"
#include "test/unit/server/server_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct rig {
    struct loop *loop;
    struct http *http;
    struct api api;
    struct later stop;
    bool closed;
    int64_t deadline_ms; /* real time: when the test gives up waiting */
};

struct client {
    int fd;
    struct buf in; /* what has come */
};

static inline int64_t api_real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void api_open(struct rig *rig)
{
    struct err e = {0};
    rig_open();
    *rig = (struct rig){.deadline_ms = api_real_ms() + 60000};
    list_init(&rig->stop.link);
    struct http_conf conf = {.turn = &sim->turn,
                             .user = &rig->api,
                             .on_request = api_on_request,
                             .in_pieces = api_in_pieces,
                             .server_name = "bide/test"};
    CHECK_INT(loop_open(&rig->loop, &sim->turn, &e), 0);
    CHECK_INT(http_open(&rig->http, rig->loop, &conf, &e), 0);
    api_init(&rig->api, &sim->server);
    rig->api.http = rig->http;
}

static inline void api_on_stop(struct later *l) { loop_stop(CONTAINER_OF(l, struct rig, stop)->loop); }

static inline void api_step(struct rig *rig)
{
    CHECK(api_real_ms() < rig->deadline_ms);
    turn_later(&sim->turn, &rig->stop, api_on_stop);
    loop_run(rig->loop);
}

static inline void api_on_closed(void *user) { ((struct rig *)user)->closed = true; }

static inline void api_close(struct rig *rig)
{
    http_close(rig->http, api_on_closed, rig);
    while (!rig->closed) api_step(rig);
    loop_close(rig->loop);
    RIG_CLOSE();
    api_release(&rig->api);
}

static inline void client_open(struct client *c, struct rig *rig)
{
    int fds[2];
    struct err e = {0};
    struct stream *s;
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    CHECK_INT(stream_open(&s, rig->loop, fds[1], true, &e), 0);
    conn_new(rig->http, s, "127.0.0.1");
    c->fd = fds[0];
    buf_init(&c->in, 64 << 20);
}

static inline void client_close(struct client *c)
{
    close(c->fd);
    buf_release(&c->in);
}

/* `head`: request line and headers without Host, each ended by a line feed only. */
static inline void client_send(struct client *c, struct rig *rig, const char *head, struct str body)
{
    struct buf b;
    struct str lines = str_of(head);
    buf_init(&b, 64 << 20);
    while (lines.len) {
        buf_add_str(&b, str_cut(&lines, '\n'));
        buf_add_text(&b, "\r\n");
    }
    if (!strstr(head, "Host:")) buf_add_text(&b, "Host: localhost\r\n");
    if (body.len) buf_add_format(&b, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    buf_add_text(&b, "\r\n");
    buf_add_str(&b, body);
    for (struct str left = buf_str(&b); left.len;) {
        ssize_t n = send(c->fd, left.p, left.len, MSG_NOSIGNAL);
        CHECK(n > 0 || errno == EAGAIN);
        if (n > 0) left = str_sub(left, (size_t)n, left.len);
        api_step(rig);
    }
    buf_release(&b);
}

static inline bool client_read(struct client *c)
{
    ssize_t n = recv(c->fd, buf_room(&c->in, 65536), 65536, 0);
    CHECK(n > 0 || (n < 0 && errno == EAGAIN));
    if (n > 0) buf_wrote(&c->in, (size_t)n);
    return n > 0;
}

static inline bool client_has_answer(struct client *c)
{
    const char *end = c->in.len ? memmem(c->in.p, c->in.len, "\r\n\r\n", 4) : NULL;
    const char *length = end ? memmem(c->in.p, c->in.len, "Content-Length: ", 16) : NULL;
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    return end && c->in.len >= (size_t)(end - c->in.p) + 4 + body;
}

/* The status of the next answer, whole in c->in (and nothing else). */
static inline int client_answer(struct client *c, struct rig *rig)
{
    while (!client_has_answer(c))
        if (!client_read(c)) api_step(rig);
    return (int)strtol(c->in.p + 9, NULL, 10);
}

static inline bool client_sees(const struct client *c, const char *text)
{
    return c->in.len && memmem(c->in.p, c->in.len, text, strlen(text)) != NULL;
}

static inline int client_ask(struct client *c, struct rig *rig, const char *head, const char *body)
{
    buf_clear(&c->in);
    client_send(c, rig, head, str_of(body));
    return client_answer(c, rig);
}

#endif
