/* SPDX-License-Identifier: Apache-2.0
 *
 * What requests and answers hold in memory: claims on the room for answers, answers that nobody reads, bodies that are
 * not needed any more.
 */
#include "rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define BIG ((size_t)8 << 20)

static int open_held(struct rig *rig, struct str text)
{
    int fd = rig_connect(rig), before = rig->n_held;
    rig_send(rig, fd, text);
    while (rig->n_held == before) rig_step(rig);
    return fd;
}

static void answer_big(struct http_request *r)
{
    struct buf b;
    buf_init(&b, BIG);
    memset(buf_room(&b, BIG), 'x', BIG);
    buf_wrote(&b, BIG);
    http_reply(r, &(struct http_reply){.status = 200, .content_type = "text/plain", .body = buf_take(&b), .body_taken = true});
}

TEST(claims_are_refused_when_together_they_are_more_than_there_is_and_end_with_the_answer)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int one = open_held(&rig, STR(GET("/1"))), two = open_held(&rig, STR(GET("/2")));
    CHECK_INT(http_claim(rig.held[0], LIMIT_HTTP_ANSWERS + (size_t)1), ERR_AGAIN);
    CHECK_INT(http_claim(rig.held[0], LIMIT_HTTP_ANSWERS - 10), 0);
    CHECK_INT(http_claim(rig.held[1], 11), ERR_AGAIN);
    CHECK_INT(http_claim(rig.held[1], 10), 0);
    CHECK_INT(http_claim(rig.held[0], LIMIT_HTTP_ANSWERS - 9), ERR_AGAIN);
    CHECK_INT(http_claim(rig.held[0], 5), 0); /* instead of the first */
    CHECK_INT(http_claim(rig.held[1], LIMIT_HTTP_ANSWERS - 5), 0);
    CHECK_INT(http_claim(rig.held[0], SIZE_MAX), ERR_AGAIN);
    rig_echo(rig.held[1]);
    CHECK_INT(rig.http->answer_bytes, 5);
    rig_echo(rig.held[0]);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(one);
    close(two);
    rig_close(&rig);
}

TEST(an_answer_that_is_not_read_counts_until_it_is_read_or_its_connection_ends)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, BIG * 2);
    int reader = open_held(&rig, STR(GET("/1"))), leaver = open_held(&rig, STR(GET("/2")));
    answer_big(rig.held[0]);
    answer_big(rig.held[1]);
    rig_step(&rig);
    CHECK(rig.http->answer_bytes >= 2 * BIG);
    CHECK_INT(rig_answer(&rig, reader, &b, &taken).len > BIG, 1);
    while (rig.http->n_sending > 1) rig_step(&rig);
    CHECK(rig.http->answer_bytes >= BIG && rig.http->answer_bytes < 2 * BIG);
    close(leaver);
    while (http_stats(rig.http)->connections_now > 1) rig_step(&rig);
    CHECK_INT(rig.http->answer_bytes, 0);
    CHECK(http_is_idle(rig.http));
    close(reader);
    buf_release(&b);
    rig_close(&rig);
}

TEST(while_all_room_is_taken_by_answers_not_read_not_even_nothing_can_be_claimed)
{
    struct rig rig;
    int fds[RIG_HELD];
    rig_open(&rig);
    rig.hold = true;
    for (int i = 0; i < 2; i++) fds[i] = open_held(&rig, STR(GET("/1")));
    CHECK_INT(http_claim(rig.held[0], LIMIT_HTTP_ANSWERS), 0);
    CHECK_INT(http_claim(rig.held[1], 0), ERR_AGAIN);
    rig_echo(rig.held[0]);
    CHECK_INT(http_claim(rig.held[1], 0), 0);
    rig_echo(rig.held[1]);
    for (int i = 0; i < 2; i++) close(fds[i]);
    rig_close(&rig);
}

TEST(a_claim_goes_with_the_client_and_outlives_the_server)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int gone = open_held(&rig, STR(GET("/1"))), stays = open_held(&rig, STR(GET("/2")));
    CHECK_INT(http_claim(rig.held[0], 100), 0);
    CHECK_INT(http_claim(rig.held[1], 7), 0);
    http_set_on_gone(rig.held[0], rig_on_gone);
    close(gone);
    while (rig.n_gone == 0) rig_step(&rig);
    CHECK_INT(rig.http->answer_bytes, 7);
    rig_close(&rig);
    CHECK_INT(http_claim(rig.held[1], SIZE_MAX), 0); /* its answer goes nowhere */
    answer_big(rig.held[1]);
    close(stays);
}

TEST(a_body_that_was_taken_is_sent_whether_large_or_small_and_freed_for_head)
{
    struct rig rig;
    struct buf b, text;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    static const char *const requests[] = {GET("/1"), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        int fd = open_held(&rig, str_of(requests[i]));
        buf_init(&text, 100);
        buf_add_text(&text, "short");
        http_reply(rig.held[i], &(struct http_reply){.status = 200, .content_type = "text/plain", .body = buf_take(&text),
                                                     .body_taken = true});
        while (!rig_has(buf_str(&b), "\r\n\r\n")) {
            CHECK(rig_read(fd, &b) != 0);
            rig_step(&rig);
        }
        CHECK(rig_has(buf_str(&b), "Content-Length: 5\r\n"));
        CHECK_INT(rig_has(buf_str(&b), "short"), i == 0);
        buf_clear(&b);
        close(fd);
    }
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_body_that_was_dropped_does_not_count_while_its_request_waits)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, BIG + 1024);
    buf_add_format(&b, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", BIG);
    memset(buf_room(&b, BIG), 'x', BIG);
    buf_wrote(&b, BIG);
    int fd = open_held(&rig, buf_str(&b));
    CHECK_INT(rig.held[0]->body.len, BIG);
    CHECK(rig.http->body_bytes >= BIG);
    http_drop_body(rig.held[0]);
    CHECK_INT(rig.http->body_bytes, 0);
    CHECK_INT(rig.held[0]->body.len, 0);
    http_drop_body(rig.held[0]); /* nothing more to drop */
    rig_echo(rig.held[0]);
    int other = open_held(&rig, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"));
    http_drop_body(rig.held[1]);
    rig_echo(rig.held[1]);
    CHECK_INT(rig.http->body_bytes, 0);
    close(fd);
    close(other);
    buf_release(&b);
    rig_close(&rig);
}

static void send_more(struct rig *rig, int fd, struct str text)
{
    uint64_t wanted = http_stats(rig->http)->bytes_in + text.len;
    rig_send(rig, fd, text);
    while (http_stats(rig->http)->bytes_in < wanted) rig_step(rig);
}

TEST(what_comes_behind_a_held_request_counts_and_is_dropped_when_there_is_no_room)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int one = open_held(&rig, STR(GET("/1") GET("/2"))), two = open_held(&rig, STR(GET("/3")));
    CHECK(rig.http->body_bytes > 0 && rig.http->body_bytes < 1024);
    rig.http->body_bytes += LIMIT_HTTP_BODIES; /* as if bodies had taken it all */
    send_more(&rig, two, STR(GET("/4")));
    send_more(&rig, two, STR(GET("/5")));
    rig.http->body_bytes -= LIMIT_HTTP_BODIES;
    send_more(&rig, two, STR("TTP/1.1\r\n")); /* the rest of something: not to be read as a request */
    rig_echo(rig.held[1]);
    struct str answer = rig_answer(&rig, two, &b, &taken);
    CHECK_INT(rig_status(answer), 200);
    CHECK(rig_has(answer, "Connection: close\r\n"));
    rig_read_all(&rig, two, &b);
    CHECK_INT(b.len, taken);
    CHECK_INT(rig.n_held, 2);
    rig_echo(rig.held[0]);
    while (rig.n_held == 2) rig_step(&rig);
    CHECK_INT(rig.http->body_bytes, 0);
    close(one);
    close(two);
    rig_echo(rig.held[2]);
    buf_release(&b);
    rig_close(&rig);
}

TEST_MAIN
