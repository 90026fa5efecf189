/* SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket's life (the table of ws.h): messages, the closing handshake from either side, what the layer answers
 * itself.
 */
#include "ws_rig.h"

TEST(messages_go_both_ways)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    seen.echoes = true;
    int fd = ws_open(&rig, &b);
    ws_put(&rig, fd, 0x81, STR("{\"op\":\"ping\"}"));
    CHECK_STR(ws_get(&rig, fd, &b, 0x81), "{\"op\":\"ping\"}");
    ws_put(&rig, fd, 0x81, STR(""));
    CHECK_STR(ws_get(&rig, fd, &b, 0x81), "");
    seen.inside = true;
    CHECK_INT(ws_send(seen.w, STR("from outside")), 0);
    seen.inside = false;
    CHECK_STR(ws_get(&rig, fd, &b, 0x81), "from outside");
    const struct http_stats *s = http_stats(rig.http);
    CHECK(s->messages_in == 2 && s->messages_out == 3 && s->websockets_now == 1 && s->websockets_total == 1);
    CHECK(!http_is_idle(rig.http));
    ws_put_close(&rig, fd, 1000);
    CHECK_INT(ws_get_close(&rig, fd, &b), 1000);
    ws_expect_end(&rig, fd, &b, 1000);
    CHECK(s->websockets_now == 0 && s->websockets_total == 1 && http_is_idle(rig.http));
    ws_rig_close(&rig);
}

TEST(a_large_message_comes_and_goes_whole_and_is_not_kept)
{
    struct rig rig;
    struct buf b;
    static char large[LIMIT_WS_MESSAGE];
    memset(large, 'l', sizeof large);
    ws_rig_open(&rig);
    seen.echoes = true;
    int fd = ws_open(&rig, &b);
    for (int i = 0; i < 5; i++) {
        ws_put(&rig, fd, 0x01, (struct str){large, 40000});
        CHECK(rig.http->body_bytes >= 40000);
        ws_put(&rig, fd, 0x89, STR("within"));
        CHECK_STR(ws_get(&rig, fd, &b, 0x8a), "within");
        ws_put(&rig, fd, 0x80, (struct str){large, sizeof large - 40000});
        struct str got = ws_get(&rig, fd, &b, 0x81);
        CHECK(got.len == sizeof large && memcmp(got.p, large, got.len) == 0);
    }
    CHECK_INT(rig.http->body_bytes, 0);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(a_thousand_messages_in_one_piece_are_answered_in_order_with_others_between)
{
    struct rig rig;
    struct buf b, many, wanted;
    ws_rig_open(&rig);
    seen.echoes = true;
    int fd = ws_open(&rig, &b), other = rig_connect(&rig);
    buf_init(&many, 1 << 20);
    buf_init(&wanted, 1 << 20);
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        ws_frame(&many, 0x81, str_of(text), 0xdeadbeef);
        buf_add_format(&wanted, "[%d]", i);
    }
    CHECK_INT(send(other, "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", 33, MSG_NOSIGNAL), 33);
    CHECK_INT(send(fd, many.p, many.len, MSG_NOSIGNAL), many.len);
    struct buf answer;
    buf_init(&answer, 1 << 16);
    while (rig_answer_len(buf_str(&answer)) == 0) {
        CHECK(rig_read(other, &answer) != 0);
        rig_step(&rig);
    }
    CHECK(seen.n_messages < 1000); /* it did not have to wait for all of them */
    for (int i = 0; i < 1000; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        CHECK_STR(ws_get(&rig, fd, &b, 0x81), text);
    }
    CHECK_STR(buf_str(&seen.texts), wanted.p);
    close(fd);
    close(other);
    buf_release(&answer);
    buf_release(&many);
    buf_release(&wanted);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(every_way_to_break_the_protocol_is_told_by_its_code)
{
    static const struct {
        int first;
        const char *text;
        uint32_t mask;
        int code;
    } rows[] = {{0x81, "not masked", 0, WS_PROTOCOL_ERROR},
                {0x82, "binary", 1, WS_NOT_TEXT},
                {0x81, "\xff", 1, WS_NOT_UTF8},
                {0xc1, "deflated", 1, WS_PROTOCOL_ERROR},
                {0x88, "\x03\xed", 1, WS_PROTOCOL_ERROR} /* 1005 */,
                {0x80, "no beginning", 1, WS_PROTOCOL_ERROR}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        struct buf b, bytes;
        ws_rig_open(&rig);
        int fd = ws_open(&rig, &b);
        buf_init(&bytes, 4096);
        ws_frame(&bytes, 0x81, STR("good"), 9);
        ws_frame(&bytes, rows[i].first, str_of(rows[i].text), rows[i].mask);
        ws_frame(&bytes, 0x81, STR("not read"), 9);
        rig_send(&rig, fd, buf_str(&bytes));
        CHECK_INT(ws_get_close(&rig, fd, &b), rows[i].code);
        ws_expect_end(&rig, fd, &b, rows[i].code);
        CHECK_STR(buf_str(&seen.texts), "[good]");
        buf_release(&bytes);
        ws_rig_close(&rig);
    }
}

TEST(a_message_over_the_limit_is_refused_by_its_head)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    rig_send(&rig, fd,
             STR("\x81\xff\x00\x00\x00\x00\x00\x01\x00\x01"
                 "abcd"));
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_TOO_BIG);
    ws_expect_end(&rig, fd, &b, WS_TOO_BIG);
    CHECK_INT(rig.http->body_bytes, 0);
    ws_rig_close(&rig);
}

TEST(a_close_without_a_code_is_answered_without_one)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    ws_put(&rig, fd, 0x88, STR(""));
    CHECK_INT(ws_get(&rig, fd, &b, 0x88).len, 0);
    ws_expect_end(&rig, fd, &b, WS_NO_CODE);
    ws_rig_close(&rig);
}

TEST(the_api_closes_and_what_comes_until_the_answer_is_dropped)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    seen.inside = true;
    ws_close(seen.w, 4001, STR("enough"));
    ws_close(seen.w, 4002, STR("again"));
    CHECK_INT(ws_send(seen.w, STR("late")), ERR_AWAY);
    CHECK(!ws_has_room(seen.w));
    seen.inside = false;
    CHECK_STR(ws_get(&rig, fd, &b, 0x88), "\x0f\xa1"
                                          "enough");
    ws_put(&rig, fd, 0x81, STR("crossed"));
    ws_put(&rig, fd, 0x89, STR(""));
    CHECK_INT(seen.n_closed, 0);
    ws_put_close(&rig, fd, 4001);
    ws_expect_end(&rig, fd, &b, 4001);
    CHECK_INT(seen.n_messages, 0);
    ws_rig_close(&rig);
}

TEST(who_does_not_answer_a_close_is_not_waited_for)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    ws_close(seen.w, WS_NORMAL, STR(""));
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_NORMAL);
    rig_pass(&rig, LIMIT_WS_CLOSE_MS - 1);
    ws_put(&rig, fd, 0x81, STR("something else")); /* gains no time */
    CHECK_INT(seen.n_closed, 0);
    rig_pass(&rig, 1);
    ws_expect_end(&rig, fd, &b, WS_ABNORMAL);
    ws_rig_close(&rig);
}

TEST(a_client_that_goes_without_a_word_is_1006)
{
    for (int half = 0; half < 2; half++) {
        struct rig rig;
        struct buf b;
        ws_rig_open(&rig);
        int fd = ws_open(&rig, &b);
        ws_put(&rig, fd, 0x81, STR("last"));
        shutdown(fd, half ? SHUT_WR : SHUT_RDWR);
        while (!seen.n_closed) rig_step(&rig);
        CHECK_INT(seen.code, WS_ABNORMAL);
        CHECK_STR(buf_str(&seen.texts), "[last]");
        close(fd);
        buf_release(&b);
        ws_rig_close(&rig);
    }
}

/* ---- an API that closes, or ends all, within what it is told ---- */

static struct rig *closing_rig;

static void close_within(struct ws *w, struct str text)
{
    (void)text;
    if (closing_rig) http_close(closing_rig->http, rig_on_closed, closing_rig);
    else ws_close(w, WS_POLICY, STR("not that"));
    CHECK_INT(ws_send(w, STR("more")), ERR_AWAY);
}

static const struct ws_events closing_events = {close_within, ws_on_room, ws_on_closed};

TEST(the_api_may_close_within_on_message)
{
    struct rig rig;
    struct buf b;
    closing_rig = NULL;
    ws_rig_open(&rig);
    ws_conf_now.events = &closing_events;
    int fd = ws_open(&rig, &b);
    ws_put(&rig, fd, 0x81, STR("a"));
    CHECK_STR(ws_get(&rig, fd, &b, 0x88), "\x03\xf0not that");
    ws_put_close(&rig, fd, WS_POLICY);
    ws_expect_end(&rig, fd, &b, WS_POLICY);
    ws_rig_close(&rig);
}

TEST(a_server_that_closes_ends_all_at_once)
{
    struct rig rig;
    struct buf b;
    closing_rig = &rig;
    ws_rig_open(&rig);
    ws_conf_now.events = &closing_events;
    int fd = ws_open(&rig, &b);
    ws_put(&rig, fd, 0x81, STR("a"));
    while (!rig.closed) rig_step(&rig);
    CHECK(seen.n_closed == 1 && seen.code == WS_ABNORMAL);
    close(fd);
    buf_release(&b);
    buf_release(&seen.texts);
    loop_close(rig.loop);
    turn_release(&rig.turn);
}

TEST_MAIN
