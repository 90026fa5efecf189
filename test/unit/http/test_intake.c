/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in pieces: the API has its request when the head is there, and of the body what it asks for.
 */
#include "intake_rig.h"

TEST(a_body_with_a_length_or_in_chunks_comes_as_it_was_sent_and_the_next_request_follows)
{
    for (int chunked = 0; chunked < 2; chunked++) {
        struct rig rig;
        struct buf b;
        size_t taken = 0;
        open_taker(&rig, true);
        buf_init(&b, 1 << 20);
        int fd = open_held(&rig, chunked ? POST("Transfer-Encoding: chunked\r\n") "5\r\nhello\r\n1\r\n \r\n5;x=y\r\nwo"
                                         : POST("Content-Length: 11\r\n") "hello wo");
        CHECK(rig.held[0]->has_body && rig.held[0]->body.len == 0);
        CHECK_INT(taker.pieces, 0);
        ask(rig.held[0]);
        while (taker.bytes < 8) rig_step(&rig);
        rig_send(&rig, fd, chunked ? STR("rld\r\n0\r\nA: b\r\n\r\n" GET("/2")) : STR("rld" GET("/2")));
        while (taker.ends == 0) rig_step(&rig);
        CHECK_INT(taker.bytes, 11);
        CHECK_INT(taker.hash, hash_of(STR("hello world")));
        CHECK_INT(rig.n_held, 1);
        rig_echo(rig.held[0]);
        CHECK(!rig_has(rig_answer(&rig, fd, &b, &taken), "Connection: close"));
        while (rig.n_held == 1) rig_step(&rig);
        rig_echo(rig.held[1]);
        CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /2? ");
        close(fd);
        buf_release(&b);
        rig_close(&rig);
    }
}

TEST(there_is_no_limit_on_the_whole_and_no_memory_but_a_piece)
{
    struct rig rig;
    static char zeros[256 * 1024];
    open_taker(&rig, true);
    rig.deadline_ms += 50000;
    char text[200];
    uint64_t total = 3 * (uint64_t)LIMIT_BODY;
    snprintf(text, sizeof text, POST("Content-Length: %llu\r\n"), (unsigned long long)total);
    int fd = open_held(&rig, text);
    ask(rig.held[0]);
    for (uint64_t sent = 0; sent < total; sent += sizeof zeros) {
        size_t len = total - sent < sizeof zeros ? (size_t)(total - sent) : sizeof zeros;
        rig_send(&rig, fd, (struct str){zeros, len});
        CHECK(rig.http->body_bytes <= 2 * 64 * 1024);
    }
    while (taker.ends == 0) rig_step(&rig);
    CHECK_INT(taker.bytes, total);
    rig_echo(rig.held[0]);
    close(fd);
    rig_close(&rig);
}

TEST(a_request_without_a_body_has_an_empty_one)
{
    struct rig rig;
    open_taker(&rig, true);
    int fd = open_held(&rig, GET("/1") GET("/2") GET("/3"));
    CHECK(!rig.held[0]->has_body);
    ask(rig.held[0]);
    while (taker.ends == 0) rig_step(&rig);
    rig_echo(rig.held[0]);
    while (rig.n_held == 1) rig_step(&rig);
    rig_echo(rig.held[1]); /* without having asked */
    while (rig.n_held == 2) rig_step(&rig);
    rig_echo(rig.held[2]);
    close(fd);
    rig_close(&rig);
}

TEST(who_is_not_asked_is_not_read)
{
    struct rig rig;
    static char zeros[4096];
    open_taker(&rig, false);
    int fd = open_held(&rig, POST("Content-Length: 1000000000\r\n"));
    for (int n = 0; n < 3; n++) {
        uint64_t before = http_stats(rig.http)->bytes_in;
        int pieces = taker.pieces;
        for (int idle = 0; idle < 50; rig_step(&rig))
            idle = send(fd, zeros, sizeof zeros, MSG_DONTWAIT) < 0 ? idle + 1 : 0;
        CHECK(http_stats(rig.http)->bytes_in - before <= 64 * 1024);
        CHECK_INT(taker.pieces, pieces);
        ask(rig.held[0]);
        while (taker.pieces == pieces) rig_step(&rig);
    }
    rig_echo(rig.held[0]);
    close(fd);
    rig_close(&rig);
}

TEST(the_client_is_told_to_go_on_when_the_api_asks_and_not_before)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Expect: 100-continue\r\nContent-Length: 5\r\n"));
    quiet(&rig);
    CHECK_INT(rig_read(fd, &b), -1);
    ask(rig.held[0]);
    while (!rig_has(buf_str(&b), "HTTP/1.1 100 Continue\r\n\r\n")) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    rig_send(&rig, fd, STR("he"));
    while (taker.bytes < 2) rig_step(&rig);
    rig_send(&rig, fd, STR("llo"));
    while (taker.ends == 0) rig_step(&rig);
    rig_echo(rig.held[0]);
    while (!rig_has(buf_str(&b), "POST /1? ")) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    CHECK_INT(b.len, 25 + rig_answer_len(str_sub(buf_str(&b), 25, b.len))); /* one of each */
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_early_answer_ends_the_connection_and_is_seen)
{
    struct rig rig;
    open_taker(&rig, false);
    for (int i = 0; i < 4; i++) {
        static const char *const requests[] = {
            POST("Expect: 100-continue\r\nContent-Length: 500000\r\n"), POST("Content-Length: 500000\r\n") "some of it",
            POST("Content-Length: 9\r\n") "some", POST("Transfer-Encoding: chunked\r\n") "4\r\nsome\r\n"};
        struct buf b;
        buf_init(&b, 1 << 20);
        int fd = open_held(&rig, requests[i]);
        taker.pieces = 0;
        if (i >= 2) ask(rig.held[i]);
        while (i >= 2 && taker.pieces == 0) rig_step(&rig);
        rig_echo(rig.held[i]);
        rig_send(&rig, fd, STR("and some more that nobody asked for"));
        rig_read_all(&rig, fd, &b);
        CHECK_INT(rig_status(buf_str(&b)), 200);
        CHECK(rig_has(buf_str(&b), "Connection: close\r\n"));
        CHECK_INT(rig_answer_len(buf_str(&b)), b.len);
        close(fd);
        buf_release(&b);
    }
    rig_close(&rig);
    CHECK_INT(rig.n_held, 4);
}

TEST(an_answer_may_begin_while_the_body_still_comes)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Transfer-Encoding: chunked\r\n") "1\r\na\r\n");
    struct http_reply head = {.status = 200, .content_type = "text/plain"};
    ask(rig.held[0]);
    while (taker.bytes < 1) rig_step(&rig);
    http_begin(rig.held[0], &head, -1, NULL);
    CHECK_INT(http_more(rig.held[0], STR("A")), 0);
    while (!rig_has(buf_str(&b), "1\r\nA\r\n")) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    rig_send(&rig, fd, STR("1\r\nb\r\n0\r\n\r\n" GET("/whole")));
    while (taker.ends == 0) rig_step(&rig);
    CHECK_INT(http_more(rig.held[0], STR("B")), 0);
    http_end(rig.held[0]);
    while (rig.n_held == 1) rig_step(&rig); /* the connection goes on */
    rig_echo(rig.held[1]);
    while (!rig_has(buf_str(&b), "1\r\nB\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n")) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_answer_that_ends_before_the_body_ends_the_connection)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Transfer-Encoding: chunked\r\n") "1\r\na\r\n");
    struct http_reply head = {.status = 200, .content_type = "text/plain"};
    ask(rig.held[0]);
    while (taker.bytes < 1) rig_step(&rig);
    http_begin(rig.held[0], &head, -1, NULL);
    CHECK_INT(http_more(rig.held[0], STR("A")), 0);
    http_end(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK(str_ends(buf_str(&b), STR("\r\n\r\n1\r\nA\r\n0\r\n\r\n")));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(what_is_held_counts_with_all_bodies)
{
    struct rig rig;
    open_taker(&rig, false);
    int one = open_held(&rig, POST("Content-Length: 9\r\n")), two = open_held(&rig, POST("Content-Length: 9\r\n"));
    CHECK_INT(http_hold(rig.held[0], LIMIT_HTTP_BODIES - LIMIT_HTTP_SMALLS + 1), ERR_AGAIN);
    CHECK_INT(http_hold(rig.held[0], LIMIT_HTTP_BODIES - LIMIT_HTTP_SMALLS), 0);
    CHECK_INT(http_hold(rig.held[1], LIMIT_HTTP_SMALL + 1), ERR_AGAIN);
    CHECK_INT(http_hold(rig.held[1], 1000), 0);
    http_let_go(rig.held[0], 10);
    CHECK_INT(http_hold(rig.held[1], 1001), 0);
    CHECK_INT(rig.http->body_bytes, 1011);
    rig_echo(rig.held[0]);
    rig_echo(rig.held[1]);
    CHECK_INT(rig.http->body_bytes, 0);
    close(one);
    close(two);
    rig_close(&rig);
}

TEST(other_bodies_are_whole_as_ever)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    open_taker(&rig, true);
    rig.hold = false;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "POST /whole? hello");
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST_MAIN
