/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends: the client goes while its request is held, the server drains, the server closes.
 */
#include "http/conn.h"
#include "rig.h"
#include <sys/un.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static int open_held(struct rig *rig, const char *text, bool told)
{
    int fd = rig_connect(rig), before = rig->n_held;
    rig_send(rig, fd, str_of(text));
    while (rig->n_held == before) rig_step(rig);
    if (told) http_set_on_gone(rig->held[before], rig_on_gone);
    return fd;
}

static void reset(int fd)
{
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

TEST(on_gone_is_called_once_when_the_client_closes_or_resets)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    close(open_held(&rig, GET("/1"), true));
    while (rig.n_gone < 1) rig_step(&rig);
    reset(open_held(&rig, GET("/2"), true));
    while (rig.n_gone < 2) rig_step(&rig);
    close(open_held(&rig, GET("/3") GET("/pipelined"), true));
    while (rig.n_gone < 3) rig_step(&rig);
    for (int i = 0; i < 3; i++) rig_step(&rig);
    CHECK_INT(rig.n_gone, 3);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    CHECK_INT(rig.n_gone, 3);
}

TEST(without_on_gone_the_request_stays_and_its_answer_goes_nowhere)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    reset(open_held(&rig, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", false));
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    CHECK_STR(rig.held[0]->body, "hi");
    CHECK(!http_is_idle(rig.http));
    rig_echo(rig.held[0]);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
}

TEST(a_client_that_had_gone_before_on_gone_was_set_is_told_of_in_the_next_turn)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    reset(open_held(&rig, GET("/1"), false));
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    http_set_on_gone(rig.held[0], rig_on_gone);
    http_set_on_gone(rig.held[0], rig_on_gone);
    CHECK_INT(rig.n_gone, 0); /* never from inside */
    rig_step(&rig);
    rig_step(&rig);
    CHECK_INT(rig.n_gone, 1);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    CHECK_INT(rig.n_gone, 1);
}

TEST(a_client_that_had_ended_its_side_before_on_gone_was_set_counts_as_gone)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int fd = open_held(&rig, GET("/1"), false);
    shutdown(fd, SHUT_WR);
    struct conn *c = CONTAINER_OF(rig.http->conns.next, struct conn, link);
    while (!c->ended) rig_step(&rig);
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    http_set_on_gone(rig.held[0], rig_on_gone);
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    CHECK_INT(rig.n_gone, 1);
    CHECK(http_is_idle(rig.http));
    close(fd);
    rig_close(&rig);
    CHECK_INT(rig.n_gone, 1);
}

TEST(nothing_is_told_once_on_gone_was_taken_back_or_the_request_answered)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    for (int i = 0; i < 2; i++) reset(open_held(&rig, GET("/1"), false));
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    http_set_on_gone(rig.held[0], rig_on_gone);
    http_set_on_gone(rig.held[0], NULL);
    http_set_on_gone(rig.held[1], rig_on_gone);
    rig_echo(rig.held[1]);
    for (int i = 0; i < 3; i++) rig_step(&rig);
    CHECK_INT(rig.n_gone, 0);
    CHECK(!http_is_idle(rig.http));
    rig_echo(rig.held[0]);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    CHECK_INT(rig.n_gone, 0);
}

TEST(closing_tells_once_of_a_client_that_had_gone_already)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    reset(open_held(&rig, GET("/1"), false));
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    http_close(rig.http, rig_on_closed, &rig);
    http_set_on_gone(rig.held[0], rig_on_gone); /* after the close was asked for */
    while (!rig.closed) rig_step(&rig);
    CHECK_INT(rig.n_gone, 1);
    loop_close(rig.loop);
    turn_release(&rig.turn);
}

TEST(a_client_that_goes_in_the_middle_of_a_request_leaves_nothing)
{
    struct rig rig;
    rig_open(&rig);
    static const char *const parts[] = {"", "GE", "GET / HTTP/1.1\r\nHost: a\r\n",
                                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"};
    for (size_t i = 0; i < 4; i++) {
        int fd = rig_connect(&rig);
        rig_send(&rig, fd, str_of(parts[i]));
        while (http_stats(rig.http)->connections_total <= i) rig_step(&rig);
        close(fd);
        while (http_stats(rig.http)->connections_now) rig_step(&rig);
    }
    CHECK(http_is_idle(rig.http));
    CHECK_INT(http_stats(rig.http)->requests_total, 0);
    CHECK_INT(rig.http->body_bytes, 0);
    rig_close(&rig);
}

TEST(draining_ends_idle_connections_and_the_others_after_their_answer)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int idle = rig_connect(&rig), busy = open_held(&rig, GET("/1"), true), half = rig_connect(&rig);
    rig_send(&rig, half, STR("GET /2 HTTP/1.1\r\n"));
    while (http_stats(rig.http)->connections_now < 3) rig_step(&rig);
    http_drain(rig.http);
    http_drain(rig.http);
    rig_read_all(&rig, idle, &b);
    CHECK_INT(b.len, 0);
    CHECK(!http_is_idle(rig.http));
    rig_echo(rig.held[0]);
    rig_read_all(&rig, busy, &b);
    CHECK(rig_has(buf_str(&b), "Connection: close\r\n"));
    CHECK(rig_has(buf_str(&b), "GET /1? "));
    buf_clear(&b);
    rig_send(&rig, half, STR("Host: a\r\n\r\n"));
    while (rig.n_held < 2) rig_step(&rig);
    rig_echo(rig.held[1]);
    rig_read_all(&rig, half, &b);
    CHECK(rig_has(buf_str(&b), "GET /2? "));
    CHECK(http_is_idle(rig.http));
    CHECK_INT(rig.n_gone, 0);
    /* nobody listens any more */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtol(strrchr(rig.bound, ':') + 1, NULL, 10));
    int late = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(connect(late, (struct sockaddr *)&to, sizeof to), -1);
    CHECK_INT(errno, ECONNREFUSED);
    close(idle);
    close(busy);
    close(half);
    close(late);
    buf_release(&b);
    rig_close(&rig);
}

static struct http *to_drain;
static void drain_then_echo(void *user, struct http_request *r)
{
    (void)user;
    rig_echo(r);
    http_drain(to_drain);
}

TEST(draining_from_within_a_request_ends_its_connection_too)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    to_drain = rig.http;
    rig.http->conf.on_request = drain_then_echo;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1")));
    rig_read_all(&rig, fd, &b);
    CHECK(rig_has(buf_str(&b), "GET /1? "));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(closing_tells_the_api_about_held_requests_and_outlives_silent_ones)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int one = open_held(&rig, GET("/1"), true), two = open_held(&rig, GET("/2"), false), three = rig_connect(&rig);
    rig_close(&rig);
    CHECK_INT(rig.n_gone, 1);
    rig_echo(rig.held[1]); /* after the server is gone: only frees it */
    close(one);
    close(two);
    close(three);
}

static void close_within(void *user, struct http_request *r)
{
    struct rig *rig = user;
    http_set_on_gone(r, rig_on_gone);
    http_close(rig->http, rig_on_closed, rig);
}

TEST(closing_from_within_a_request_is_safe)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.http->conf.on_request = close_within;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1") GET("/2")));
    while (!rig.closed) rig_step(&rig);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig.n_gone, 1);
    close(fd);
    buf_release(&b);
    loop_close(rig.loop);
    turn_release(&rig.turn);
}

TEST(a_server_that_was_never_used_closes_too)
{
    struct rig rig;
    rig_open(&rig);
    rig_close(&rig);
}

TEST(a_server_listens_at_several_addresses_and_at_a_bounded_number)
{
    struct rig rig;
    struct err e = {0};
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    for (int i = 1; i < HTTP_LISTENERS; i++) CHECK_INT(http_listen(rig.http, "127.0.0.1:0", rig.bound, &e), 0);
    CHECK_INT(http_listen(rig.http, "127.0.0.1:0", rig.bound, &e), ERR_CONFIG);
    int fd = rig_connect(&rig); /* the last of them */
    rig_send(&rig, fd, STR(GET("/1")));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_unix_socket_serves_requests_and_names_its_peer)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    char dir[] = "/tmp/bide-http-XXXXXX", address[64];
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    CHECK(mkdtemp(dir) != NULL);
    snprintf(to.sun_path, sizeof to.sun_path, "%s/sock", dir);
    snprintf(address, sizeof address, "unix:%s/sock", dir);
    rig_open_at(&rig, address);
    CHECK_STR(str_of(rig.bound), address);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    rig_send(&rig, fd, STR(GET("/1")));
    while (rig.n_held < 1) rig_step(&rig);
    CHECK_STR(rig.held[0]->peer, "unix");
    rig_echo(rig.held[0]);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /1? ");
    close(fd);
    buf_release(&b);
    rig_close(&rig);
    CHECK_INT(rmdir(dir), 0); /* the socket's file is gone */
}

TEST_MAIN
