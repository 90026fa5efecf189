/* SPDX-License-Identifier: Apache-2.0
 *
 * The opening handshake (RFC 6455 section 4): who gets a 101, and what others are told.
 */
#include "http/ws_handshake.h"
#include "ws_rig.h"

/* The answer to a request, on a connection of its own, that the client then ends. */
static struct str ask(struct rig *rig, struct str text, struct buf *b)
{
    size_t taken = 0;
    int fd = rig_connect(rig);
    buf_init(b, 1 << 20);
    rig_send(rig, fd, text);
    struct str answer = rig_answer(rig, fd, b, &taken);
    close(fd);
    return answer;
}

static void check_refused(struct rig *rig, struct str text, int status, const char *says)
{
    struct buf b;
    struct str answer = ask(rig, text, &b);
    CHECK_INT(rig_status(answer), status);
    CHECK(rig_has(answer, says));
    CHECK(rig_has(answer, "Content-Type: application/problem+json"));
    if (status == 426)
        CHECK(rig_has(answer, "\r\nSec-WebSocket-Version: 13\r\n") && rig_has(answer, "\r\nUpgrade: websocket\r\n"));
    buf_release(&b);
    CHECK(seen.w == NULL);
}

TEST(the_proof_of_section_1_3)
{
    char accept[WS_ACCEPT_TEXT];
    ws_handshake_accept(accept, STR(WS_KEY));
    CHECK_STR(str_of(accept), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    ws_handshake_accept(accept, STR("x3JJHMbDL1EzLkh9GBhXDw==")); /* the example of section 4 in many a text */
    CHECK_STR(str_of(accept), "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
}

TEST(a_handshake_is_answered_with_its_proof)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    struct str answer = ask(&rig, STR(WS_UPGRADE "\r\n"), &b);
    CHECK(str_starts(answer, STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nDate: ")));
    CHECK(rig_has(answer, "\r\nX-Request-Id: ") && rig_has(answer, "\r\nServer: bide/test\r\n"));
    CHECK(!rig_has(answer, "Content-Length") && !rig_has(answer, "Protocol:"));
    CHECK(ws_protocol(seen.w) == NULL);
    buf_release(&b);
    ws_rig_close(&rig);
    CHECK_INT(seen.code, WS_ABNORMAL);
}

TEST(names_and_tokens_are_read_in_any_case_and_place)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    struct str answer =
        ask(&rig,
            STR("GET /ws?a=b HTTP/1.1\r\nhost: a\r\nconnection: Foo\r\nCONNECTION: bar ,upgrade\r\n"
                "upgrade: h2c, WebSocket\r\nsec-websocket-key: " WS_KEY "\r\nSec-Websocket-Version: 13\r\n"
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"),
            &b);
    CHECK_INT(rig_status(answer), 101);
    CHECK(!rig_has(answer, "Extensions"));
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(the_clients_order_chooses_the_subprotocol)
{
    static const struct {
        const char *offered, *chosen;
    } rows[] = {{"Sec-WebSocket-Protocol: bide.v1\r\n", "bide.v1"},
                {"Sec-WebSocket-Protocol: chat , bide.v0,bide.v1\r\n", "bide.v0"},
                {"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: bide.v1\r\n", "bide.v1"},
                {"Sec-WebSocket-Protocol: BIDE.V1\r\n", NULL},
                {"", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig rig;
        struct buf b, request, line;
        ws_rig_open(&rig);
        buf_init(&request, 4096);
        buf_init(&line, 4096);
        buf_add_format(&request, WS_UPGRADE "%s\r\n", rows[i].offered);
        struct str answer = ask(&rig, buf_str(&request), &b);
        CHECK_INT(rig_status(answer), 101);
        if (rows[i].chosen) buf_add_format(&line, "\r\nSec-WebSocket-Protocol: %s\r\n", rows[i].chosen);
        CHECK(rows[i].chosen ? rig_has(answer, line.p) : !rig_has(answer, "Sec-WebSocket-Protocol"));
        CHECK((ws_protocol(seen.w) != NULL) == (rows[i].chosen != NULL));
        if (rows[i].chosen) CHECK_STR(str_of(ws_protocol(seen.w)), rows[i].chosen);
        buf_release(&b);
        buf_release(&request);
        buf_release(&line);
        ws_rig_close(&rig);
    }
}

#define KEY "Sec-WebSocket-Key: " WS_KEY "\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define GET_WS "GET /ws HTTP/1.1\r\nHost: a\r\n"

TEST(what_is_no_handshake_is_told_why)
{
    struct rig rig;
    ws_rig_open(&rig);
    check_refused(&rig, STR(GET_WS "\r\n"), 426, "upgrade_required");
    check_refused(&rig, STR(GET_WS "Connection: Upgrade\r\n" KEY VERSION "\r\n"), 426, "upgrade_required");
    check_refused(&rig, STR(GET_WS "Upgrade: websocket\r\n" KEY VERSION "\r\n"), 426, "upgrade_required");
    check_refused(&rig, STR(GET_WS "Connection: Upgrade\r\nUpgrade: h2c\r\n" KEY VERSION "\r\n"), 426,
                  "upgrade_required");
    check_refused(&rig, STR(GET_WS UPGRADE KEY "\r\n"), 426, "Sec-WebSocket-Version spoken here is 13");
    check_refused(&rig, STR(GET_WS UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n"), 426, "version");
    check_refused(&rig, STR(GET_WS UPGRADE KEY VERSION "Sec-WebSocket-Version: 8\r\n\r\n"), 426, "version");
    check_refused(&rig, STR("GET /ws HTTP/1.0\r\nHost: a\r\n" UPGRADE KEY VERSION "\r\n"), 426, "upgrade_required");
    check_refused(&rig, STR(GET_WS UPGRADE VERSION "\r\n"), 400, "Sec-WebSocket-Key");
    check_refused(&rig, STR(GET_WS UPGRADE VERSION KEY KEY "\r\n"), 400, "Sec-WebSocket-Key");
    check_refused(&rig, STR(GET_WS UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n"), 400, "Key");
    check_refused(&rig, STR(GET_WS UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\n\r\n"), 400, "Key");
    check_refused(&rig, STR(GET_WS UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBs_SBub25jZQ==\r\n\r\n"), 400, "Key");
    check_refused(&rig, STR("POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" UPGRADE KEY VERSION "\r\n"), 405,
                  "\r\nAllow: GET\r\n");
    check_refused(&rig, STR(GET_WS UPGRADE KEY VERSION "Content-Length: 1\r\n\r\na"), 400, "without a body");
    ws_conf_now.needs_protocol = true;
    check_refused(&rig, STR(WS_UPGRADE "\r\n"), 400, "bide.v1");
    check_refused(&rig, STR(WS_UPGRADE "Sec-WebSocket-Protocol: chat\r\n\r\n"), 400, "bide.v1");
    CHECK_INT(http_stats(rig.http)->websockets_total, 0);
    rig_close(&rig);
    buf_release(&seen.texts);
}

TEST(who_was_refused_may_ask_again_on_the_same_connection)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    ws_rig_open(&rig);
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd,
             STR(GET_WS UPGRADE KEY "Sec-WebSocket-Version: 14\r\n\r\n"
                                    "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n" WS_UPGRADE "\r\n"));
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 426);
    CHECK_STR(rig_body(rig_answer(&rig, fd, &b, &taken)), "GET /plain? ");
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 101);
    close(fd);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(an_api_may_take_its_time_and_what_came_meanwhile_is_read_afterwards)
{
    struct rig rig;
    struct buf b, sent;
    size_t taken = 0;
    ws_rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    buf_init(&sent, 1 << 20);
    buf_add_text(&sent, WS_UPGRADE "\r\n");
    ws_frame(&sent, 0x81, STR("early"), 5);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, buf_str(&sent));
    while (!rig.n_held) rig_step(&rig);
    seen.inside = true;
    seen.w = ws_accept(rig.held[0], &ws_conf_now, &seen.status);
    seen.inside = false;
    CHECK(seen.w != NULL);
    CHECK_INT(seen.status, 101);
    CHECK_INT(rig_status(rig_answer(&rig, fd, &b, &taken)), 101);
    while (!seen.n_messages) rig_step(&rig);
    CHECK_STR(buf_str(&seen.texts), "[early]");
    close(fd);
    buf_release(&b);
    buf_release(&sent);
    ws_rig_close(&rig);
}

TEST(nobody_is_told_of_a_client_that_went_before_it_was_accepted)
{
    struct rig rig;
    ws_rig_open(&rig);
    rig.hold = true;
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(WS_UPGRADE "\r\n"));
    while (!rig.n_held) rig_step(&rig);
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    while (http_stats(rig.http)->connections_now) rig_step(&rig);
    CHECK(ws_accept(rig.held[0], &ws_conf_now, &seen.status) == NULL);
    CHECK_INT(seen.status, 0);
    CHECK(http_is_idle(rig.http));
    rig_close(&rig);
    buf_release(&seen.texts);
}

TEST(a_server_that_stops_accepts_none)
{
    struct rig rig;
    struct buf b;
    size_t taken = 0;
    ws_rig_open(&rig);
    rig.hold = true;
    buf_init(&b, 1 << 20);
    int fd = rig_connect(&rig);
    rig_send(&rig, fd, STR(WS_UPGRADE "\r\n"));
    while (!rig.n_held) rig_step(&rig);
    http_drain(rig.http);
    CHECK(ws_accept(rig.held[0], &ws_conf_now, &seen.status) == NULL);
    CHECK_INT(seen.status, 503);
    struct str answer = rig_answer(&rig, fd, &b, &taken);
    CHECK_INT(rig_status(answer), 503);
    CHECK(rig_has(answer, "draining"));
    close(fd);
    buf_release(&b);
    rig_close(&rig);
    buf_release(&seen.texts);
}

TEST_MAIN
