/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSockets and time: pings, silence, a client that does not read, one that sends slowly, a server that stops; and
 * what an idle one costs.
 */
#include "ws_rig.h"

#include <malloc.h>

static char piece[64 * 1024];

/* Sends until the kernel takes no more: how many bytes that were. */
static size_t fill_up(void)
{
    size_t sent = 0;
    int rc;
    seen.inside = true;
    do {
        rc = ws_send(seen.w, (struct str){piece, sizeof piece});
        sent += sizeof piece;
    } while (rc == 0 && sent < (size_t)1 << 30);
    seen.inside = false;
    CHECK_INT(rc, ERR_AGAIN);
    CHECK(!ws_has_room(seen.w));
    return sent;
}

TEST(a_client_is_pinged_and_given_up_when_nothing_comes_from_it)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    for (int i = 0; i < 10; i++) { /* it answers: far longer than an idle connection may live */
        rig_pass(&rig, LIMIT_WS_PING_MS);
        CHECK_INT(ws_get(&rig, fd, &b, 0x89).len, 0);
        ws_put(&rig, fd, 0x8a, STR(""));
    }
    rig_pass(&rig, LIMIT_WS_PING_MS);
    rig_pass(&rig, LIMIT_WS_PING_MS);
    rig_pass(&rig, LIMIT_WS_PING_MS - 1);
    CHECK_INT(seen.n_closed, 0);
    ws_get(&rig, fd, &b, 0x89);
    ws_get(&rig, fd, &b, 0x89);
    rig_pass(&rig, 1);
    ws_expect_end(&rig, fd, &b, WS_ABNORMAL);
    ws_rig_close(&rig);
}

TEST(what_comes_is_as_good_as_a_pong)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    for (int i = 0; i < 20; i++) {
        rig_pass(&rig, LIMIT_WS_SILENT_MS - 1000);
        ws_put(&rig, fd, 0x81, STR("here"));
    }
    CHECK_INT(seen.n_messages, 20);
    CHECK_INT(seen.n_closed, 0);
    close(fd);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(a_message_that_takes_too_long_ends_it)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    ws_put(&rig, fd, 0x01, STR("begun"));
    for (int i = 0; i < 2; i++) {
        rig_pass(&rig, LIMIT_WS_MESSAGE_MS / 2 - 1);
        ws_put(&rig, fd, 0x00, STR("more"));
    }
    CHECK_INT(seen.n_closed, 0);
    rig_pass(&rig, 2);
    CHECK_INT(ws_get(&rig, fd, &b, 0x89).len, 0); /* of in between */
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_POLICY);
    ws_expect_end(&rig, fd, &b, WS_POLICY);
    ws_rig_close(&rig);
}

TEST(a_slow_reader_holds_one_message_in_memory_and_is_not_read)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    size_t sent = fill_up();
    CHECK(rig.http->answer_bytes > 0 && rig.http->answer_bytes < 4 * sizeof piece);
    ws_put(&rig, fd, 0x81, STR("a"));
    for (int i = 0; i < 5; i++) rig_step(&rig);
    CHECK_INT(seen.n_messages, 0);
    CHECK_INT(seen.n_room, 0);
    CHECK(rig.http->body_bytes > 0); /* what was read already */
    for (size_t got = 0; got < sent; got += sizeof piece) CHECK_INT(ws_get(&rig, fd, &b, 0x81).len, sizeof piece);
    while (!seen.n_messages) rig_step(&rig);
    CHECK_INT(rig.http->body_bytes, 0);
    CHECK_INT(seen.n_room, 1);
    CHECK(ws_has_room(seen.w));
    CHECK_INT(rig.http->answer_bytes, 0);
    CHECK_INT(ws_send(seen.w, STR("again")), 0);
    CHECK_STR(ws_get(&rig, fd, &b, 0x81), "again");
    close(fd);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(a_client_that_does_not_read_is_closed)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    fill_up();
    rig_pass(&rig, LIMIT_HTTP_SEND_MS - 1);
    CHECK_INT(seen.n_closed, 0);
    rig_pass(&rig, 1);
    while (!seen.n_closed) rig_step(&rig);
    CHECK_INT(seen.code, WS_ABNORMAL);
    CHECK_INT(rig.http->answer_bytes, 0);
    close(fd);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(pings_that_are_not_read_answers_to_hold_little_memory)
{
    struct rig rig;
    struct buf b, pings;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    buf_init(&pings, 1 << 20);
    for (int i = 0; i < 400; i++) ws_frame(&pings, 0x89, (struct str){piece, 125}, 3);
    size_t sent = 0, most = 0;
    while (!rig.http->n_sending) {
        ssize_t n = send(fd, pings.p + sent % pings.len, pings.len - sent % pings.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        CHECK(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        rig_step(&rig);
        if (rig.http->answer_bytes + rig.http->body_bytes > most) most = rig.http->answer_bytes + rig.http->body_bytes;
    }
    uint64_t taken = http_stats(rig.http)->bytes_in;
    for (int i = 0; i < 20; i++) rig_step(&rig);
    CHECK_INT(http_stats(rig.http)->bytes_in, taken); /* not read any more */
    CHECK(sent > sizeof piece && most > 0 && most < 512 * 1024);
    CHECK_INT(seen.n_closed, 0);
    CHECK(ws_has_room(seen.w)); /* of which the API knows nothing */
    CHECK_INT(ws_send(seen.w, STR("behind")), ERR_AGAIN);
    while (!seen.n_room) {
        CHECK(rig_read(fd, &b) != 0);
        rig_step(&rig);
    }
    close(fd);
    buf_release(&pings);
    buf_release(&b);
    ws_rig_close(&rig);
}

TEST(a_server_that_stops_says_so_to_all)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    http_drain(rig.http);
    CHECK_STR(ws_get(&rig, fd, &b, 0x88), "\x03\xe9the server is stopping");
    CHECK(!http_is_idle(rig.http));
    ws_put_close(&rig, fd, WS_GOING_AWAY);
    ws_expect_end(&rig, fd, &b, WS_GOING_AWAY);
    CHECK(http_is_idle(rig.http));
    ws_rig_close(&rig);
}

TEST(a_slow_reader_is_told_of_the_stop_behind_what_it_has_not_read)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    size_t sent = fill_up();
    http_drain(rig.http);
    for (size_t got = 0; got < sent; got += sizeof piece) CHECK_INT(ws_get(&rig, fd, &b, 0x81).len, sizeof piece);
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_GOING_AWAY);
    CHECK_INT(seen.n_room, 0);
    ws_put_close(&rig, fd, WS_GOING_AWAY);
    ws_expect_end(&rig, fd, &b, WS_GOING_AWAY);
    ws_rig_close(&rig);
}

TEST(a_close_goes_behind_what_is_not_read_and_its_time_begins_then)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    size_t sent = fill_up();
    ws_close(seen.w, WS_NORMAL, STR(""));
    rig_pass(&rig, 2 * LIMIT_WS_CLOSE_MS);
    for (size_t got = 0; got < sent; got += sizeof piece) CHECK_INT(ws_get(&rig, fd, &b, 0x81).len, sizeof piece);
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_NORMAL);
    CHECK_INT(seen.n_closed, 0);
    ws_put_close(&rig, fd, WS_NORMAL);
    ws_expect_end(&rig, fd, &b, WS_NORMAL);
    ws_rig_close(&rig);
}

TEST(messages_share_the_memory_of_request_bodies)
{
    struct rig rig;
    struct buf b;
    ws_rig_open(&rig);
    int fd = ws_open(&rig, &b);
    rig.http->body_bytes += LIMIT_HTTP_BODIES;
    ws_put(&rig, fd, 0x01, STR("no room"));
    CHECK_INT(ws_get_close(&rig, fd, &b), WS_TRY_LATER);
    ws_expect_end(&rig, fd, &b, WS_TRY_LATER);
    rig.http->body_bytes -= LIMIT_HTTP_BODIES;
    CHECK_INT(rig.http->body_bytes, 0);
    ws_rig_close(&rig);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define IDLE 400
#define IDLE_BYTES 2500 /* measured: see doc/design.md */

static void forget(struct ws *w, int code)
{
    (void)w;
    seen.code = code;
    seen.n_closed = 1;
}

TEST(an_idle_one_costs_little_memory)
{
    static const struct ws_events events = {ws_on_message, ws_on_room, forget};
    struct rig rig;
    struct buf b[IDLE];
    int fds[IDLE];
    ws_rig_open(&rig);
    ws_conf_now.events = &events;
    size_t before = 0;
    for (int i = 0; i < IDLE; i++) {
        if (i == 100) before = mallinfo2().uordblks; /* what the server keeps for all is there */
        fds[i] = ws_open(&rig, &b[i]);
        ws_put(&rig, fds[i], 0x81, STR("hello"));
        buf_release(&b[i]);
    }
    CHECK_INT(seen.n_messages, IDLE);
    size_t each = (mallinfo2().uordblks - before) / (IDLE - 100);
    if (each > IDLE_BYTES) fprintf(stderr, "%zu bytes each\n", each);
    CHECK(each > 500 && each <= IDLE_BYTES);
    for (int i = 0; i < IDLE; i++) close(fds[i]);
    while (rig.http->stats.websockets_now) rig_step(&rig);
    ws_rig_close(&rig);
}
#endif

TEST_MAIN
