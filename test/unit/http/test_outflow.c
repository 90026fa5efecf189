/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers in pieces: how their end is told, what a slow or absent client does to them, what they hold in memory.
 */
#include "rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define PIECE ((size_t)64 * 1024)

static int n_room;
static struct http_request *roomy; /* that on_room was called for */

static void on_room(struct http_request *r)
{
    n_room++;
    roomy = r;
}

static const struct http_reply head = {.status = 200, .content_type = "text/plain"};

/* A connection whose request is held. */
static int open_held(struct rig *rig, const char *text)
{
    int fd = rig_connect(rig), before = rig->n_held;
    n_room = 0;
    rig->hold = true;
    rig_send(rig, fd, str_of(text));
    while (rig->n_held == before) rig_step(rig);
    return fd;
}

static void read_until(struct rig *rig, int fd, struct buf *b, const char *text)
{
    while (!rig_has(buf_str(b), text)) {
        CHECK(rig_read(fd, b) != 0);
        rig_step(rig);
    }
}

/* Gives pieces until the kernel takes no more. */
static size_t fill_up(struct http_request *r)
{
    static char zeros[PIECE];
    size_t sent = 0;
    int rc;
    do {
        rc = http_more(r, (struct str){zeros, PIECE});
        sent += PIECE;
    } while (rc == 0 && sent < (size_t)1 << 30);
    CHECK_INT(rc, ERR_AGAIN);
    return sent;
}

TEST(an_answer_of_unknown_length_goes_in_chunks_and_the_next_request_follows)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, GET("/1") GET("/2"));
    http_begin(rig.held[0], &head, -1, on_room);
    CHECK_INT(http_more(rig.held[0], STR("a")), 0);
    read_until(&rig, fd, &b, "1\r\na\r\n"); /* it does not wait for the end */
    CHECK_INT(http_more(rig.held[0], STR("")), 0);
    CHECK_INT(http_more(rig.held[0], STR("0123456789abcdef!")), 0);
    CHECK_INT(rig.n_held, 1);
    http_end(rig.held[0]);
    while (rig.n_held == 1) rig_step(&rig);
    rig_echo(rig.held[1]);
    read_until(&rig, fd, &b, "GET /2? ");
    CHECK(rig_has(buf_str(&b), "Transfer-Encoding: chunked\r\n"));
    CHECK(!rig_has(str_sub(buf_str(&b), 0, 200), "Content-Length"));
    CHECK(rig_has(buf_str(&b), "\r\n\r\n1\r\na\r\n11\r\n0123456789abcdef!\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"));
    CHECK(!rig_has(buf_str(&b), "Connection: close"));
    CHECK_INT(n_room, 0);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_answer_of_known_length_has_no_chunks)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, GET("/1") GET("/2"));
    http_begin(rig.held[0], &head, 5, on_room);
    CHECK_INT(http_more(rig.held[0], STR("he")), 0);
    CHECK_INT(http_more(rig.held[0], STR("llo")), 0);
    http_end(rig.held[0]);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "hello");
    while (rig.n_held == 1) rig_step(&rig);
    http_begin(rig.held[1], &head, 0, on_room);
    http_end(rig.held[1]);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "");
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(head_gets_the_head_alone)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, "HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/2"));
    http_begin(rig.held[0], &head, 5, on_room);
    CHECK_INT(http_more(rig.held[0], STR("hello")), 0);
    http_end(rig.held[0]);
    while (rig.n_held == 1) rig_step(&rig);
    rig_echo(rig.held[1]);
    read_until(&rig, fd, &b, "GET /2? ");
    CHECK(rig_has(buf_str(&b), "Content-Length: 5\r\n"));
    CHECK(!rig_has(buf_str(&b), "hello"));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_older_client_knows_the_end_by_the_close)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    http_begin(rig.held[0], &head, -1, on_room);
    CHECK_INT(http_more(rig.held[0], STR("hel")), 0);
    CHECK_INT(http_more(rig.held[0], STR("lo")), 0);
    http_end(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK_STR(rig_body(buf_str(&b)), "hello");
    CHECK(rig_has(buf_str(&b), "Connection: close\r\n"));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_answer_that_is_broken_off_does_not_look_whole)
{
    struct rig rig;
    rig_open(&rig);
    for (int i = 0; i < 4; i++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        bool old = i == 3;
        int fd = open_held(&rig, old ? "GET /1 HTTP/1.0\r\n\r\n" : GET("/1"));
        struct http_request *r = rig.held[i];
        http_begin(r, &head, i == 0 || old ? -1 : 10, on_room);
        CHECK_INT(http_more(r, STR("hello")), 0);
        if (i == 2) http_end(r); /* five bytes are missing */
        else http_abort(r);
        ssize_t n;
        while ((n = recv(fd, buf_room(&b, 4096), 4096, MSG_DONTWAIT)) > 0 || errno == EAGAIN) {
            if (n > 0) buf_wrote(&b, (size_t)n);
            else if (n == 0) break;
            rig_step(&rig);
        }
        CHECK(!rig_has(buf_str(&b), "\r\n0\r\n"));
        if (old) CHECK_INT(n < 0 ? errno : 0, ECONNRESET); /* the close would have been its end */
        else CHECK_INT(n, 0);
        while (http_stats(rig.http)->connections_now) rig_step(&rig);
        CHECK(http_is_idle(rig.http));
        CHECK_INT(n_room, 0);
        close(fd);
        buf_release(&b);
    }
    rig_close(&rig);
}

TEST(the_api_waits_for_a_slow_reader_and_no_more_than_a_piece_is_kept)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.deadline_ms += 50000;
    buf_init(&b, 64 << 20);
    int fd = open_held(&rig, GET("/1"));
    struct http_request *r = rig.held[0];
    http_begin(r, &head, 32 << 20, on_room);
    for (size_t sent = 0; sent < 32 << 20;) {
        static char piece[PIECE];
        memset(piece, 'a' + (int)(sent / PIECE % 26), PIECE);
        int rc = http_more(r, (struct str){piece, PIECE});
        sent += PIECE;
        CHECK(rc == 0 || rc == ERR_AGAIN);
        CHECK(rig.http->answer_bytes < 4 * PIECE);
        for (int seen = n_room; rc && n_room == seen; rig_step(&rig)) CHECK(rig_read(fd, &b) != 0);
    }
    CHECK(n_room > 0);
    http_end(r);
    while (rig_answer_len(buf_str(&b)) == 0) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    struct str body = rig_body(buf_str(&b));
    CHECK_INT(body.len, 32 << 20);
    for (size_t i = 0; i < body.len; i += 1000) CHECK_INT(body.p[i], 'a' + (int)(i / PIECE % 26));
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_client_that_takes_nothing_is_closed_and_the_api_told_once)
{
    struct rig rig;
    rig_open(&rig);
    int fd = open_held(&rig, GET("/1"));
    struct http_request *r = rig.held[0];
    http_begin(r, &head, -1, on_room);
    fill_up(r);
    rig_pass(&rig, LIMIT_HTTP_SEND_MS);
    rig_pass(&rig, LIMIT_HTTP_SEND_MS);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    CHECK_INT(n_room, 1);
    CHECK_INT(rig.http->answer_bytes, 0);
    CHECK_INT(http_more(r, STR("x")), ERR_AWAY);
    CHECK_INT(http_more(r, STR("x")), ERR_AWAY);
    for (int i = 0; i < 3; i++) rig_step(&rig);
    CHECK_INT(n_room, 1);
    CHECK(!http_is_idle(rig.http));
    http_end(r);
    CHECK(http_is_idle(rig.http));
    close(fd);
    rig_close(&rig);
}

TEST(a_client_that_goes_between_two_pieces_is_told_of)
{
    struct rig rig;
    struct linger at_once = {1, 0};
    rig_open(&rig);
    int fd = open_held(&rig, GET("/1"));
    http_begin(rig.held[0], &head, -1, on_room);
    CHECK_INT(http_more(rig.held[0], STR("x")), 0);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    while (n_room == 0) rig_step(&rig);
    CHECK(roomy == rig.held[0]);
    CHECK_INT(http_more(rig.held[0], STR("x")), ERR_AWAY);
    http_abort(rig.held[0]);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    CHECK_INT(n_room, 1);
}

TEST(a_client_that_had_gone_before_the_answer_began_is_told_of_by_the_first_piece)
{
    struct rig rig;
    struct linger at_once = {1, 0};
    rig_open(&rig);
    int fd = open_held(&rig, GET("/1"));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    http_begin(rig.held[0], &head, 3, on_room);
    CHECK_INT(http_more(rig.held[0], STR("abc")), ERR_AWAY);
    http_end(rig.held[0]);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    CHECK_INT(n_room, 0);
}

TEST(a_client_that_ended_its_side_still_gets_all_of_it)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, GET("/1"));
    shutdown(fd, SHUT_WR);
    http_begin(rig.held[0], &head, -1, on_room);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(http_more(rig.held[0], STR("x")), 0);
        for (int k = 0; k < 3; k++) rig_step(&rig);
    }
    http_end(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK(rig_has(buf_str(&b), "1\r\nx\r\n0\r\n\r\n"));
    CHECK_INT(n_room, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(closing_tells_answers_in_the_middle_and_outlives_those_that_end_later)
{
    struct rig rig;
    rig_open(&rig);
    int one = open_held(&rig, GET("/1")), two = open_held(&rig, GET("/2"));
    http_begin(rig.held[0], &head, -1, on_room);
    http_begin(rig.held[1], &head, -1, on_room);
    fill_up(rig.held[1]);
    rig_close(&rig);
    CHECK_INT(n_room, 2);
    CHECK_INT(http_more(rig.held[0], STR("x")), ERR_AWAY);
    http_end(rig.held[0]);
    http_abort(rig.held[1]);
    close(one);
    close(two);
}

TEST(a_claim_lasts_as_long_as_the_answer)
{
    struct rig rig;
    rig_open(&rig);
    int fd = open_held(&rig, GET("/1"));
    CHECK_INT(http_claim(rig.held[0], 1000), 0);
    http_begin(rig.held[0], &head, -1, on_room);
    CHECK_INT(http_more(rig.held[0], STR("x")), 0);
    CHECK_INT(rig.http->answer_bytes, 1000);
    http_end(rig.held[0]);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    rig_close(&rig);
}

TEST_MAIN
