/* SPDX-License-Identifier: Apache-2.0
 *
 * What the layer refuses by itself: the right status, as problem+json, then the connection is closed, and nothing of it
 * reaches the API. (Which bytes are refused at all is test_head and test_chunk.)
 */
#include "rig.h"

#define H "Host: a\r\n"

static const struct {
    struct str text;
    int status;
    const char *code;
} rows[] = {
    {STR("GET / HTTP/1.1\n" H "\r\n"), 400, "invalid"},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, "invalid"},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400, "invalid"},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501, "unsupported"},
    {STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"), 400, "invalid"},
    {STR("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"), 400, "invalid"},
    {STR("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), 400, "invalid"},
    {STR("GET / HTTP/1.1\r\n\r\n"), 400, "invalid"},
    {STR("GET / HTTP/1.1\r\n" H H "\r\n"), 400, "invalid"},
    {STR("FROB / HTTP/1.1\r\n" H "\r\n"), 501, "unsupported"},
    {STR("G(T / HTTP/1.1\r\n" H "\r\n"), 400, "invalid"},
    {STR("GET / HTTP/2.0\r\n" H "\r\n"), 505, "http_version"},
    {STR("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), 400, "invalid"},
    {STR("POST / HTTP/1.1\r\n" H "Content-Length: 16842753\r\n\r\n"), 413, "too_large"},
    {STR("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\nContent-Length: 16842753\r\n\r\n"), 413, "too_large"},
    {STR("POST / HTTP/1.1\r\n" H "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"), 415,
     "unsupported_media_type"},
    {STR("\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"), 400, "invalid"},
};

/* Not half-closed: the server must end the connection by itself. */
static struct str talk(struct rig *rig, struct str text, struct buf *b)
{
    buf_init(b, 1 << 20);
    int fd = rig_connect(rig);
    rig_send(rig, fd, text);
    rig_read_all(rig, fd, b);
    close(fd);
    return buf_str(b);
}

static void check_refusal(struct str all, int status, const char *code)
{
    char member[64];
    snprintf(member, sizeof member, "\"code\":\"%s\"", code);
    if (rig_status(all) != status) fprintf(stderr, "%.*s\n", STR_ARG(all));
    CHECK_INT(rig_status(all), status);
    CHECK(rig_has(all, "\r\nContent-Type: application/problem+json\r\n"));
    CHECK(rig_has(all, "\r\nConnection: close\r\n"));
    CHECK(rig_has(all, "\r\nX-Request-Id: "));
    CHECK(rig_has(all, member));
    CHECK_INT(rig_answer_len(all), all.len); /* one answer and nothing else */
}

TEST(refusals_are_problems_and_close_the_connection)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_refusal(talk(&rig, rows[i].text, &b), rows[i].status, rows[i].code);
        buf_release(&b);
        CHECK_INT(http_stats(rig.http)->refused_total, i + 1);
    }
    CHECK_INT(http_stats(rig.http)->requests_total, 0);
    rig_close(&rig);
}

TEST(a_refused_head_has_no_body_in_its_answer)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    struct str all = talk(&rig, STR("HEAD /x HTTP/1.1\r\n\r\n"), &b);
    CHECK_INT(rig_status(all), 400);
    CHECK_STR(rig_body(all), "");
    buf_release(&b);
    rig_close(&rig);
}

TEST(good_requests_before_a_bad_one_are_answered_first)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    struct str all =
        talk(&rig, STR("GET /1 HTTP/1.1\r\n" H "\r\nGET /2 HTTP/1.1\r\nX : y\r\n\r\nGET /3 HTTP/1.1\r\n" H "\r\n"), &b);
    size_t first = rig_answer_len(all);
    CHECK_STR(rig_body(str_sub(all, 0, first)), "GET /1? ");
    check_refusal(str_sub(all, first, all.len), 400, "invalid");
    CHECK_INT(http_stats(rig.http)->requests_total, 1);
    buf_release(&b);
    rig_close(&rig);
}

TEST(a_client_that_still_sends_its_large_body_sees_the_refusal)
{
    struct rig rig;
    struct buf b, out;
    rig_open(&rig);
    buf_init(&b, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_add_format(&out, "POST / HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", LIMIT_BODY + 1);
    for (int i = 0; i < 3000; i++) buf_add_text(&out, "0123456789");
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, buf_str(&out)); /* less than LIMIT_HTTP_LINGER: read and dropped, so that no reset overtakes */
    while (rig_read(fd, &b) != 0) rig_step(&rig);
    check_refusal(buf_str(&b), 413, "too_large");
    close(fd);
    buf_release(&b);
    buf_release(&out);
    rig_close(&rig);
}

TEST(lingering_ends_after_a_time_and_after_an_amount)
{
    struct rig rig;
    static char zeros[LIMIT_HTTP_LINGER + 1];
    rig_open(&rig);
    int patient = rig_connect(&rig);
    rig_send(&rig, patient, STR("GET / HTTP/1.1\r\n\r\n"));
    while (http_stats(rig.http)->refused_total < 1) rig_step(&rig);
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    rig_pass(&rig, LIMIT_HTTP_LINGER_MS - 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 1);
    rig_pass(&rig, 1);
    CHECK_INT(http_stats(rig.http)->connections_now, 0);
    int talkative = rig_connect(&rig);
    rig_send(&rig, talkative, STR("GET / HTTP/1.1\r\n\r\n"));
    while (http_stats(rig.http)->refused_total < 2) rig_step(&rig);
    rig_send(&rig, talkative, (struct str){zeros, sizeof zeros});
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    close(patient);
    close(talkative);
    rig_close(&rig);
}

TEST(connections_over_the_limit_get_503)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.http->stats.connections_now = LIMIT_HTTP_CONNECTIONS; /* as if they were open */
    struct str all = talk(&rig, STR("GET / HTTP/1.1\r\n" H "\r\n"), &b);
    check_refusal(all, 503, "try_again");
    CHECK(rig_has(all, "\r\nRetry-After: 1\r\n"));
    CHECK_INT(http_stats(rig.http)->requests_total, 0);
    buf_release(&b);
    rig.http->stats.connections_now -= LIMIT_HTTP_CONNECTIONS;
    rig_close(&rig);
}

TEST(bodies_over_the_common_bound_get_503)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.http->body_bytes = LIMIT_HTTP_BODIES - 10; /* as if others held them */
    check_refusal(talk(&rig, STR("POST / HTTP/1.1\r\n" H "Content-Length: 11\r\n\r\n"), &b), 503, "try_again");
    buf_release(&b);
    rig.http->body_bytes -= 1000000; /* refused for what it announces, before it arrives */
    check_refusal(talk(&rig, STR("POST / HTTP/1.1\r\n" H "Content-Length: 1000011\r\n\r\n"), &b), 503, "try_again");
    buf_release(&b);
    rig.http->body_bytes += 1000000;
    struct str all =
        talk(&rig, STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"), &b);
    check_refusal(all, 503, "try_again");
    CHECK(rig_has(all, "\r\nRetry-After: 1\r\n"));
    buf_release(&b);
    CHECK_INT(rig.http->body_bytes, LIMIT_HTTP_BODIES - 10);
    rig.http->body_bytes = 0;
    rig_close(&rig);
}

TEST(large_bodies_leave_room_for_small_ones)
{
    struct rig rig;
    struct buf b;
    rig_open(&rig);
    rig.http->body_bytes = LIMIT_HTTP_BODIES - LIMIT_HTTP_SMALLS; /* as if others held them */
    check_refusal(talk(&rig, STR("POST / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n"), &b), 503, "try_again");
    buf_release(&b);
    struct str all = talk(&rig, STR("POST / HTTP/1.1\r\n" H "Connection: close\r\nContent-Length: 5\r\n\r\nhello"), &b);
    CHECK_INT(rig_status(all), 200);
    buf_release(&b);
    static char chunks[7 + 70000] = "11170\r\n"; /* 70,000 bytes that were not announced */
    int fd = rig_connect(&rig);
    buf_init(&b, 1 << 20);
    rig_send(&rig, fd, STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"));
    rig_send(&rig, fd, (struct str){chunks, sizeof chunks});
    rig_read_all(&rig, fd, &b);
    check_refusal(buf_str(&b), 503, "try_again");
    close(fd);
    buf_release(&b);
    CHECK_INT(rig.http->body_bytes, LIMIT_HTTP_BODIES - LIMIT_HTTP_SMALLS);
    rig.http->body_bytes = 0;
    rig_close(&rig);
}

TEST_MAIN
