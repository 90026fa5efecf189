/* SPDX-License-Identifier: Apache-2.0
 *
 * Slow clients: every state has a time limit (on a clock the test owns), and an answer that is not read stops the
 * reading of requests, not the server.
 */
#include "rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define BIG (8 * 1024 * 1024)

static void wait_connections(struct rig *rig, uint32_t n)
{
    while (http_stats(rig->http)->connections_now != n) rig_step(rig);
}

TEST(a_head_that_does_not_arrive_in_time_gets_408)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET / HTTP/1.1\r\n"));
    rig_pass(&rig, LIMIT_HTTP_HEADER_MS / 2);
    rig_send(&rig, fd, STR("X: y\r\n")); /* more bytes do not win more time */
    rig_pass(&rig, LIMIT_HTTP_HEADER_MS / 2 - 1);
    CHECK_INT(rig_read(fd, &b), -1);
    rig_pass(&rig, 1);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig_status(buf_str(&b)), 408);
    CHECK(rig_has(buf_str(&b), "\"code\":\"request_timeout\""));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

/* Sends them and lets the server take them. */
static void send_zeros(struct rig *rig, int fd, size_t len)
{
    char *zeros = calloc(1, len);
    uint64_t wanted = http_stats(rig->http)->bytes_in + len;
    CHECK(zeros != NULL);
    rig_send(rig, fd, (struct str){zeros, len});
    while (http_stats(rig->http)->bytes_in < wanted) rig_step(rig);
    free(zeros);
}

TEST(a_body_that_drips_gets_408_however_often_a_byte_comes)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"));
    send_zeros(&rig, fd, 5 * LIMIT_HTTP_RATE); /* worth five seconds more */
    for (int s = 0; s < LIMIT_HTTP_BODY_MS / 1000 + 4; s++) {
        rig_pass(&rig, 1000);
        send_zeros(&rig, fd, 1);
        CHECK_INT(rig_read(fd, &b), -1);
    }
    rig_pass(&rig, 1000);
    rig_pass(&rig, 1000);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig_status(buf_str(&b)), 408);
    CHECK_INT(rig.http->body_bytes, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_body_that_falls_silent_gets_408_and_one_that_goes_on_does_not)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"));
    for (int i = 0; i < 3; i++) {
        rig_pass(&rig, LIMIT_HTTP_BODY_MS - 1);
        send_zeros(&rig, fd, (size_t)LIMIT_HTTP_RATE * (LIMIT_HTTP_BODY_MS / 1000));
        CHECK_INT(rig_read(fd, &b), -1);
    }
    rig_pass(&rig, LIMIT_HTTP_BODY_MS);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(rig_status(buf_str(&b)), 408);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_idle_connection_is_closed_after_its_time_and_not_before)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    wait_connections(&rig, 1);
    rig_pass(&rig, LIMIT_HTTP_IDLE_MS - 1);
    rig_send(&rig, fd, STR(GET("/1")));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    rig_pass(&rig, LIMIT_HTTP_IDLE_MS - 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    rig_pass(&rig, 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    buf_clear(&b);
    rig_read_all(&rig, fd, &b);
    CHECK_INT(b.len, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(an_empty_line_after_a_request_leaves_the_connection_idle)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1") "\r\n"));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    rig_pass(&rig, LIMIT_HTTP_IDLE_MS - 1);
    CHECK_INT(rig_read(fd, &b), -1); /* no 408 for a request that was never begun */
    rig_send(&rig, fd, STR(GET("/2") "\r\n" GET("/3")));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    rig_send(&rig, fd, STR("\r\n"));
    rig_step(&rig);
    rig_step(&rig);
    rig_send(&rig, fd, STR("\r\n")); /* one is allowed, not one every minute */
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 400);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_request_the_api_holds_has_no_time_limit)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1")));
    while (rig.n_held == 0) rig_step(&rig);
    rig_pass(&rig, 3600 * 1000);
    rig_echo(rig.held[0]);
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    rig_pass(&rig, LIMIT_HTTP_IDLE_MS); /* and the limits are back after it */
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

static void reply_big(struct http_request *r, bool stays, char fill)
{
    char *body = stays ? arena_alloc(&r->arena, BIG) : malloc(BIG);
    memset(body, fill, BIG);
    struct http_reply reply = {.status = 200, .content_type = "text/plain", .body = {body, BIG}, .body_stays = stays};
    http_reply(r, &reply);
    if (!stays) explicit_bzero(body, BIG); /* it was borrowed for the call only */
    if (!stays) free(body);
}

static void check_big(struct str answer, char fill)
{
    struct str body = rig_body(answer);
    CHECK_INT(body.len, BIG);
    for (size_t i = 0; i < BIG; i += 1000) CHECK_INT(body.p[i], fill);
}

TEST(large_answers_reach_a_slow_reader_whole_and_in_order)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.deadline_ms += 50000;
    rig.hold = true;
    buf_init(&b, 64 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1") GET("/2") GET("/3")));
    while (rig.n_held == 0) rig_step(&rig);
    reply_big(rig.held[0], true, 'a');
    for (int i = 0; i < 20; i++) rig_step(&rig);
    CHECK_INT(rig.n_held, 1); /* back-pressure: the next one waits until the first was taken */
    CHECK(!http_is_idle(rig.http));
    check_big(rig_answer(&rig, fd, &b, &taken), 'a');
    while (rig.n_held < 2) rig_step(&rig);
    reply_big(rig.held[1], false, 'b');
    check_big(rig_answer(&rig, fd, &b, &taken), 'b');
    while (rig.n_held < 3) rig_step(&rig);
    rig_echo(rig.held[2]);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /3? ");
    CHECK(http_is_idle(rig.http));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_client_that_stops_reading_is_closed_and_one_that_reads_slowly_is_not)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.deadline_ms += 50000;
    rig.hold = true;
    buf_init(&b, 64 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1")));
    while (rig.n_held == 0) rig_step(&rig);
    reply_big(rig.held[0], true, 'a');
    for (int i = 0; i < 3; i++) {
        rig_pass(&rig, LIMIT_HTTP_SEND_MS - 1);
        for (size_t before = b.len; b.len < before + 1024 * 1024;) {
            rig_read(fd, &b);
            rig_step(&rig);
        }
    }
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    rig_pass(&rig, LIMIT_HTTP_SEND_MS);
    rig_pass(&rig, LIMIT_HTTP_SEND_MS);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    CHECK(http_is_idle(rig.http));
    rig_read_all(&rig, fd, &b);
    CHECK(b.len < BIG);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_reader_of_a_few_bytes_now_and_then_is_closed)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.deadline_ms += 50000;
    rig.hold = true;
    buf_init(&b, 64 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1")));
    while (rig.n_held == 0) rig_step(&rig);
    reply_big(rig.held[0], true, 'a');
    rig_pass(&rig, LIMIT_HTTP_SEND_MS - 1);
    for (size_t before = b.len; b.len < before + 100 * 1024;) {
        rig_read(fd, &b);
        rig_step(&rig);
    }
    rig_pass(&rig, LIMIT_HTTP_SEND_MS);
    rig_pass(&rig, 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_reader_of_nothing_that_pipelines_for_ever_is_not_read)
{
    struct rig rig;
    rig_open(&rig);
    int fd = rig_connect(&rig);
    int64_t sent = 0;
    for (int quiet = 0; quiet < 50;) {
        static const char text[] = GET("/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        ssize_t n = send(fd, text, sizeof text - 1, MSG_DONTWAIT);
        quiet = n < 0 ? quiet + 1 : 0;
        if (n > 0) sent += n;
        rig_step(&rig);
        CHECK(sent < 256 << 20); /* both kernel buffers fill up, and then nothing moves */
    }
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    rig_pass(&rig, 2 * LIMIT_HTTP_SEND_MS);
    rig_pass(&rig, 2 * LIMIT_HTTP_SEND_MS);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    close(fd);
    rig_close(&rig);
}

TEST(bytes_pipelined_behind_a_held_request_are_bounded)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1")));
    while (rig.n_held == 0) rig_step(&rig);
    static char zeros[4096];
    for (int quiet = 0; quiet < 50; rig_step(&rig))
        quiet = send(fd, zeros, sizeof zeros, MSG_DONTWAIT) < 0 ? quiet + 1 : 0;
    CHECK(http_stats(rig.http)->bytes_in < 256 * 1024);
    rig_echo(rig.held[0]);
    while (http_stats(rig.http)->refused_total == 0) rig_step(&rig); /* zeros are no request */
    close(fd);
    rig_close(&rig);
}

TEST_MAIN
