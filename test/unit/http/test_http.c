/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and answers over real sockets: what a well-behaved client sees.
 */
#include "rig.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

TEST(a_request_is_answered_and_the_connection_stays_open)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    for (int i = 0; i < 3; i++) {
        rig_send(&rig, fd, STR(GET("/a%20b?x=1")));
        struct str answer = rig_answer(&rig, fd, &b, &taken);
        CHECK_INT(rig_status(answer), 200);
        CHECK_STR(rig_body(answer), "GET /a%20b?x=1 ");
        CHECK(rig_has(answer, "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nServer: bide/test\r\n"));
        CHECK(rig_has(answer, "\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n"));
        CHECK(!rig_has(answer, "Connection:"));
    }
    CHECK_INT(http_stats(rig.http)->requests_total, 3);
    CHECK_INT(http_stats(rig.http)->connections_total, 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    CHECK_INT(http_stats(rig.http)->refused_total, 0);
    CHECK_INT(http_stats(rig.http)->bytes_in, 3 * strlen(GET("/a%20b?x=1")));
    close(fd);
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    buf_release(&b);
    rig_close(&rig);
}

TEST(pipelined_requests_are_answered_in_order_however_they_are_cut)
{
    const char text[] = GET("/1") "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" GET(
        "/3") "POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\nT: "
              "x\r\n\r\n" GET("/5");
    static const char *const wanted[] = {"GET /1? ", "POST /2? abc", "GET /3? ", "POST /4? def", "GET /5? "};
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    for (size_t piece = 1; piece < sizeof text; piece = piece < 40 ? piece + 1 : piece + 50) {
        size_t taken = 0;
        int fd = rig_connect(&rig);
        buf_clear(&b);
        for (size_t at = 0; at < sizeof text - 1; at += piece)
            rig_send(&rig, fd, str_sub((struct str){text, sizeof text - 1}, at, piece));
        for (size_t i = 0; i < 5; i++) CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), wanted[i]);
        close(fd);
    }
    buf_release(&b);
    rig_close(&rig);
}

TEST(one_request_of_a_connection_is_handed_over_at_a_time_and_order_holds)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig), other = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1") GET("/2") GET("/3")));
    rig_send(&rig, other, STR(GET("/other")));
    while (rig.n_held < 2) rig_step(&rig);
    for (int i = 0; i < 5; i++) rig_step(&rig);
    CHECK_INT(rig.n_held, 2); /* one of each connection */
    CHECK(!http_is_idle(rig.http));
    CHECK_STR(rig.held[0]->path, "/1");
    CHECK_STR(rig.held[1]->path, "/other");
    rig_echo(rig.held[1]);
    rig_echo(rig.held[0]);
    while (rig.n_held < 3) rig_step(&rig);
    CHECK_STR(rig.held[2]->path, "/2");
    rig_echo(rig.held[2]);
    while (rig.n_held < 4) rig_step(&rig);
    rig_echo(rig.held[3]);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /1? ");
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /2? ");
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /3? ");
    CHECK(http_is_idle(rig.http));
    close(fd);
    close(other);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_thousand_pipelined_requests_at_once_are_all_answered)
{
    struct rig rig;
    struct buf b, out;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int i = 0; i < 1000; i++) buf_add_format(&out, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, buf_str(&out));
    for (int i = 0; i < 1000; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "GET /%d? ", i);
        CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), wanted);
    }
    close(fd);
    buf_release(&b);
    buf_release(&out);
    rig_close(&rig);
}

/* Others are heard between: their first request is not behind the thousand that were there before. */
TEST(who_pipelines_leaves_the_others_their_turn)
{
    struct rig rig;
    struct buf many, a, b;
    rig_open(&rig);
    buf_init(&many, 1 << 20);
    buf_init(&a, 1 << 20);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1000; i++) buf_add_format(&many, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    int greedy = rig_connect(&rig), other = rig_connect(&rig);
    rig_step(&rig);
    CHECK(send(greedy, many.p, many.len, MSG_NOSIGNAL) == (ssize_t)many.len);
    shutdown(greedy, SHUT_WR);
    rig_step(&rig);
    CHECK(http_stats(rig.http)->requests_total < 200);
    size_t taken = 0;
    for (uint64_t n = 1; n <= 5; n++) {
        rig_send(&rig, other, STR("GET /other HTTP/1.1\r\nHost: a\r\n\r\n"));
        CHECK_INT(rig_status(rig_answer(&rig, other, &b, &taken)), 200);
        CHECK(http_stats(rig.http)->requests_total < 200 + n * 130);
    }
    rig_read_all(&rig, greedy, &a); /* all thousand, though their client has ended its side */
    CHECK_INT(http_stats(rig.http)->requests_total, 1005);
    CHECK(rig_has(buf_str(&a), "GET /999?"));
    close(greedy);
    close(other);
    buf_release(&many);
    buf_release(&a);
    buf_release(&b);
    rig_close(&rig);
}

TEST(head_counts_the_body_and_leaves_it_out)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    struct str all = rig_exchange(&rig, STR("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"), &b);
    CHECK_INT(rig_status(all), 200);
    CHECK(rig_has(all, "\r\nContent-Length: 9\r\n"));
    CHECK(str_ends(all, STR("\r\n\r\n")));
    CHECK_STR(rig_body(all), "");
    buf_release(&b);
    rig_close(&rig);
}

static void reply_status(struct http_request *r, int status, const char *content_type)
{
    struct http_header extra[2] = {{STR("Location"), STR("/v1/x")}, {STR("X-Bad"), STR("a\r\nX-Injected: b")}};
    struct http_reply reply = {.status = status, .content_type = content_type, .headers = extra, .n_headers = 2};
    http_reply(r, &reply);
}

TEST(answers_without_a_body_and_extra_headers)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/1") GET("/2") GET("/3")));
    while (rig.n_held < 1) rig_step(&rig);
    reply_status(rig.held[0], 204, NULL);
    while (rig.n_held < 2) rig_step(&rig);
    reply_status(rig.held[1], 201, "text/plain");
    while (rig.n_held < 3) rig_step(&rig);
    reply_status(rig.held[2], 202, NULL);
    struct str answer = rig_answer(&rig, fd, &b, &taken);
    CHECK_INT(rig_status(answer), 204);
    CHECK(!rig_has(answer, "Content-Length") && !rig_has(answer, "Content-Type"));
    answer = rig_answer(&rig, fd, &b, &taken);
    CHECK_INT(rig_status(answer), 201);
    CHECK(rig_has(answer, "Content-Length: 0\r\n") && rig_has(answer, "Content-Type: text/plain\r\n"));
    CHECK(rig_has(answer, "\r\nLocation: /v1/x\r\n"));
    CHECK(!rig_has(answer, "Injected"));
    answer = rig_answer(&rig, fd, &b, &taken);
    CHECK_INT(rig_status(answer), 202);
    CHECK(rig_has(answer, "Content-Length: 0\r\n") && !rig_has(answer, "Content-Type"));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(http_1_0_closes_unless_asked_to_keep_alive)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    struct str answer = rig_answer(&rig, fd, &b, &taken);
    CHECK(rig_has(answer, "Connection: keep-alive\r\n"));
    rig_send(&rig, fd, STR("GET /2 HTTP/1.0\r\n\r\n"));
    answer = rig_answer(&rig, fd, &b, &taken);
    CHECK(rig_has(answer, "Connection: close\r\n"));
    rig_read_all(&rig, fd, &b); /* closed by the server */
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(connection_close_is_honoured_and_what_follows_is_dropped)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" GET("/2")));
    rig_read_all(&rig, fd, &b);
    struct str answer = str_sub(buf_str(&b), 0, rig_answer_len(buf_str(&b)));
    CHECK_STR(rig_body(answer), "GET /1? ");
    CHECK_INT(answer.len, b.len);
    CHECK_INT(http_stats(rig.http)->requests_total, 1);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_client_that_half_closes_after_its_requests_gets_its_answers)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    struct str all = rig_exchange(&rig, STR(GET("/1") GET("/2")), &b);
    CHECK(rig_has(all, "GET /1? "));
    CHECK(rig_has(all, "GET /2? "));
    buf_release(&b);
    rig.hold = true; /* and also when the answer comes later */
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(GET("/3") GET("/4")));
    shutdown(fd, SHUT_WR);
    while (rig.n_held < 1) rig_step(&rig);
    rig_step(&rig);
    rig_echo(rig.held[0]);
    while (rig.n_held < 2) rig_step(&rig);
    rig_echo(rig.held[1]);
    rig_read_all(&rig, fd, &b);
    CHECK(rig_has(buf_str(&b), "GET /3? "));
    CHECK(rig_has(buf_str(&b), "GET /4? "));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_body_expected_with_100_continue_is_asked_for)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    CHECK_STR(rig_answer(&rig, fd, &b, &taken), "HTTP/1.1 100 Continue\r\n\r\n");
    rig_send(&rig, fd, STR("abc"));
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "POST /x? abc");
    /* not when the body is already here, nor when there is none, nor in HTTP/1.0 */
    rig_send(&rig, fd, STR("POST /y HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nz"));
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "POST /y? z");
    rig_send(&rig, fd, STR("GET /z HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 200);
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_body_of_the_largest_size_arrives_whole)
{
    struct rig rig;
    struct buf b, out;
    size_t taken = 0;
    rig_open(&rig);
    rig.deadline_ms += 50000;
    rig.hold = true;
    buf_init(&b, 1 << 20);
    buf_init(&out, LIMIT_BODY + 1024);
    buf_add_format(&out, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", LIMIT_BODY);
    memset(buf_room(&out, LIMIT_BODY), 'x', LIMIT_BODY);
    buf_wrote(&out, LIMIT_BODY);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, buf_str(&out));
    while (rig.n_held == 0) rig_step(&rig);
    CHECK_INT(rig.held[0]->body.len, LIMIT_BODY);
    CHECK_INT(rig.held[0]->body.p[LIMIT_BODY - 1], 'x');
    CHECK(rig.http->body_bytes >= LIMIT_BODY);
    struct http_reply reply = {.status = 200, .content_type = "text/plain", .body = STR("ok")};
    http_reply(rig.held[0], &reply);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "ok");
    CHECK_INT(rig.http->body_bytes, 0);
    close(fd);
    buf_release(&b);
    buf_release(&out);
    rig_close(&rig);
}

TEST(request_ids_are_made_here_or_taken_from_the_client_when_usable)
{
    static const struct {
        const char *given, *wanted; /* NULL: a new one */
    } rows[] = {
        {"abc-1.2_3", "abc-1.2_3"},
        {"1234567890123456789012345678901234567890", "123456789012345678901234567890123456"},
        {"a b", NULL},
        {"\"", NULL},
        {"", NULL},
        {"12345678901234567890123456789012345678901234567890123456789012345", NULL},
    };
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    for (int i = 0; i < (int)(sizeof rows / sizeof *rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: %s\r\n\r\n", rows[i].given);
        rig_send(&rig, fd, str_of(text));
        while (rig.n_held <= i) rig_step(&rig);
        struct http_request *r = rig.held[i];
        struct id id;
        if (rows[i].wanted) CHECK_STR(str_of(r->request_id), rows[i].wanted);
        else CHECK_INT(id_parse(&id, str_of(r->request_id)), 0);
        char wanted[80];
        snprintf(wanted, sizeof wanted, "\r\nX-Request-Id: %s\r\n", r->request_id);
        rig_echo(r);
        CHECK(rig_has(rig_answer(&rig, fd, &b, &taken), wanted));
    }
    close(fd);
    buf_release(&b);
    rig_close(&rig);
}

TEST(headers_are_found_by_name_without_regard_to_case)
{
    struct rig rig;
    rig_open(&rig);
    rig.hold = true;
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR("GET / HTTP/1.1\r\nhost: a\r\nX-One: 1\r\nX-Empty:\r\nx-one: 2\r\n\r\n"));
    while (rig.n_held == 0) rig_step(&rig);
    CHECK_STR(http_header(rig.held[0], "x-ONE"), "1");
    CHECK_STR(http_header(rig.held[0], "Host"), "a");
    CHECK(http_header(rig.held[0], "X-Empty").p != NULL);
    CHECK(http_header(rig.held[0], "X-None").p == NULL);
    CHECK_STR(rig.held[0]->peer, "127.0.0.1");
    CHECK_INT(rig.held[0]->started_mono_ms, rig.clock.now_ms);
    CHECK(!rig.held[0]->has_body);
    rig_echo(rig.held[0]);
    close(fd);
    rig_close(&rig);
}

TEST_MAIN
