/* SPDX-License-Identifier: Apache-2.0
 *
 * Bodies in pieces that do not come to their end: malformed, too slow, from a client that goes, to a server that stops.
 */
#include "intake_rig.h"

TEST(what_is_no_body_is_told_to_the_api_which_answers_for_the_last_time)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Transfer-Encoding: chunked\r\n") "1\r\na\r\nzzz\r\n" GET("/2"));
    ask(rig.held[0]);
    while (taker.error == 0) rig_step(&rig);
    CHECK_INT(taker.error, ERR_INVALID);
    CHECK_INT(taker.bytes, 1);
    rig_echo(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK(rig_has(buf_str(&b), "Connection: close\r\n"));
    CHECK_INT(rig.n_held, 1);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

/* Its body was taken and it waits for something else: it is no request in pieces any more. */
TEST(a_client_that_goes_after_its_body_was_taken_is_told_of)
{
    for (int early = 0; early < 2; early++) {
        struct rig rig;
        open_taker(&rig, true);
        int fd = open_held(&rig, POST("Content-Length: 3\r\n") "abc");
        ask(rig.held[0]);
        while (taker.ends == 0) rig_step(&rig);
        if (early) close(fd);
        quiet(&rig);
        http_set_on_gone(rig.held[0], rig_on_gone);
        if (!early) close(fd);
        quiet(&rig);
        CHECK_INT(rig.n_gone, 1);
        CHECK(http_is_idle(rig.http));
        rig_close(&rig);
        CHECK_INT(rig.n_gone, 1);
    }
}

TEST(a_silent_sender_is_told_of_only_while_he_is_asked)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Content-Length: 9\r\n") "abc");
    rig_pass(&rig, 10 * LIMIT_HTTP_BODY_MS); /* the API takes its time */
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    ask(rig.held[0]);
    while (taker.bytes < 3) rig_step(&rig);
    for (int i = 0; i < 5; i++) { /* slowly, but nothing is held */
        rig_pass(&rig, LIMIT_HTTP_BODY_MS - 1);
        CHECK_INT(taker.error, 0);
        uint64_t before = taker.bytes;
        rig_send(&rig, fd, STR("x"));
        while (taker.bytes == before) rig_step(&rig);
    }
    rig_pass(&rig, LIMIT_HTTP_BODY_MS);
    CHECK_INT(taker.error, ERR_SLOW);
    rig_echo(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig_status(buf_str(&b)), 200);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(what_is_held_has_to_grow_at_a_rate_until_it_is_done_with)
{
    struct rig rig;
    open_taker(&rig, true);
    int fd = open_held(&rig, POST("Content-Length: 900000\r\n"));
    ask(rig.held[0]);
    for (int second = 0; second < 200; second++) {
        uint64_t before = taker.bytes;
        rig_send(&rig, fd, STR("x"));
        while (taker.bytes == before && !taker.error) rig_step(&rig);
        if (taker.error) break;
        CHECK(second <= 100 + LIMIT_HTTP_BODY_MS / 1000 + 1);
        /* whole things for a while, then one that never ends */
        CHECK_INT(http_hold(rig.held[0], 1000 + (size_t)second), 0);
        if (second % 10 == 0 && second <= 100) http_let_go(rig.held[0], second % 20 ? 7 : 0);
        rig_pass(&rig, 1000);
    }
    CHECK_INT(taker.error, ERR_SLOW);
    rig_echo(rig.held[0]);
    CHECK_INT(rig.http->body_bytes, 0);
    close(fd);
    rig_close(&rig);
}

TEST(a_client_that_goes_or_ends_its_side_in_the_middle_is_told_of)
{
    struct rig rig;
    open_taker(&rig, true);
    for (int i = 0; i < 3; i++) {
        taker.error = taker.pieces = 0;
        int fd = open_held(&rig, POST("Content-Length: 9\r\n") "abc");
        if (i < 2) ask(rig.held[i]);
        while (i < 2 && taker.pieces == 0) rig_step(&rig);
        if (i == 0) close(fd);
        else shutdown(fd, SHUT_WR);
        quiet(&rig);
        if (i == 2) ask(rig.held[i]); /* seen when it is read */
        while (taker.error == 0) rig_step(&rig);
        CHECK_INT(taker.error, ERR_AWAY);
        CHECK_INT(http_stats(rig.http)->connections_now, 0);
        CHECK(!http_is_idle(rig.http));
        if (i == 1) rig_echo(rig.held[i]); /* into nothing */
        else http_abort(rig.held[i]);
        CHECK(http_is_idle(rig.http));
        if (i) close(fd);
    }
    rig_close(&rig);
}

TEST(a_client_that_goes_while_it_is_not_asked_is_told_of_by_the_next_question)
{
    struct rig rig;
    struct linger at_once = {1, 0};
    open_taker(&rig, false);
    int fd = open_held(&rig, POST("Content-Length: 9\r\n") "abc");
    ask(rig.held[0]);
    while (taker.pieces == 0) rig_step(&rig);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
    quiet(&rig);
    ask(rig.held[0]);
    while (taker.error == 0) rig_step(&rig);
    CHECK_INT(taker.error, ERR_AWAY);
    http_abort(rig.held[0]);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
}

TEST(draining_tells_those_who_wait_for_a_body_and_lets_whole_ones_end)
{
    struct rig rig;
    struct buf b;
    open_taker(&rig, true);
    buf_init(&b, 1 << 20);
    int fd = open_held(&rig, POST("Content-Length: 9\r\n") "abc");
    ask(rig.held[0]);
    while (taker.pieces == 0) rig_step(&rig);
    http_drain(rig.http);
    while (taker.error == 0) rig_step(&rig);
    CHECK_INT(taker.error, ERR_DRAINING);
    rig_echo(rig.held[0]);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig_status(buf_str(&b)), 200);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(closing_tells_who_waits_for_a_body)
{
    struct rig rig;
    open_taker(&rig, true);
    int one = open_held(&rig, POST("Content-Length: 9\r\n")), two = open_held(&rig, POST("Content-Length: 9\r\n"));
    ask(rig.held[0]);
    quiet(&rig);
    rig_close(&rig);
    CHECK_INT(taker.error, ERR_AWAY);
    http_abort(rig.held[0]);
    http_abort(rig.held[1]);
    close(one);
    close(two);
}

TEST_MAIN
