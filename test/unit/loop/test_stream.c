/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams over a socket pair: what goes in comes out, the queue and its end, both ways a stream ends, closing from
 * within.
 */
#include "base/buf.h"
#include "loop/stream.h"
#include "test/test.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define GUARD_MS 20000

static struct fixture {
    struct turn turn;
    struct loop *loop;
    struct timer guard;
    struct stream *s;
    int peer;
    struct buf seen;
    size_t wanted; /* stops the loop when so much was seen */
    int ends, end_err, drained, drained_err, closed;
    bool close_in_read, timed_out, put_off_in_closed;
    struct later later;
    int put_off;
} f;

static void on_guard(struct timer *t)
{
    (void)t;
    f.timed_out = true;
    loop_stop(f.loop);
}

static void run(void)
{
    turn_timer(&f.turn, &f.guard, GUARD_MS, on_guard);
    loop_run(f.loop);
    turn_timer_stop(&f.turn, &f.guard);
    CHECK(!f.timed_out);
}

static void on_read(void *owner, struct str bytes)
{
    CHECK(owner == &f);
    buf_add_str(&f.seen, bytes);
    if (f.close_in_read) stream_close(f.s);
    if (f.wanted && f.seen.len >= f.wanted) loop_stop(f.loop);
}

static void on_end(void *owner, int err)
{
    CHECK(owner == &f);
    f.ends++;
    f.end_err = err;
    loop_stop(f.loop);
}

static void on_drained(void *owner, int err)
{
    CHECK(owner == &f);
    f.drained++;
    f.drained_err = err;
    loop_stop(f.loop);
}

static void on_later(struct later *l)
{
    (void)l;
    f.put_off++;
}

static void on_closed(void *owner)
{
    CHECK(owner == &f);
    f.closed++;
    if (f.put_off_in_closed) {
        turn_later(&f.turn, &f.later, on_later);
        return;
    }
    loop_stop(f.loop);
}

static const struct stream_events events = {on_read, on_end, on_drained, on_closed};

static void begin(void)
{
    int fds[2];
    struct err e;
    f = (struct fixture){0};
    turn_init(&f.turn, &clock_system, rng_system());
    buf_init(&f.seen, 64 << 20);
    CHECK_INT(loop_open(&f.loop, &f.turn, &e), 0);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    CHECK_INT(stream_open(&f.s, f.loop, fds[0], true, &e), 0);
    stream_own(f.s, &events, &f);
    f.peer = fds[1];
}

static void end(void)
{
    stream_close(f.s);
    if (!f.closed) run();
    CHECK_INT(f.closed, 1);
    if (f.peer >= 0) close(f.peer);
    loop_close(f.loop);
    turn_release(&f.turn);
    buf_release(&f.seen);
}

static void peer_send(const char *text) { CHECK_INT(send(f.peer, text, strlen(text), 0), strlen(text)); }

TEST(bytes_are_read_and_written)
{
    begin();
    stream_read_start(f.s);
    stream_read_start(f.s);
    peer_send("hello");
    f.wanted = 5;
    run();
    CHECK_STR(buf_str(&f.seen), "hello");
    struct str parts[3] = {STR("a"), STR(""), STR("bc")};
    CHECK_INT(stream_try_write(f.s, parts, 3), 3);
    CHECK_INT(stream_try_write(f.s, parts + 1, 1), 0);
    char back[8];
    CHECK_INT(recv(f.peer, back, sizeof back, 0), 3);
    CHECK(memcmp(back, "abc", 3) == 0);
    end();
}

TEST(reading_stops_and_starts_again)
{
    begin();
    stream_read_start(f.s);
    stream_read_stop(f.s);
    stream_read_stop(f.s);
    peer_send("x");
    loop_run(f.loop); /* nothing active: returns */
    CHECK_INT(f.seen.len, 0);
    stream_read_start(f.s);
    f.wanted = 1;
    run();
    CHECK_STR(buf_str(&f.seen), "x");
    end();
}

static size_t read_peer(char fill)
{
    static char room[65536];
    ssize_t n = recv(f.peer, room, sizeof room, MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++)
        if (room[i] != fill) return 0;
    return n > 0 ? (size_t)n : 0;
}

TEST(what_the_kernel_does_not_take_is_queued_and_drained)
{
    enum { BIG = 4 << 20 };
    begin();
    char *own = malloc(BIG), *kept = malloc(BIG);
    memset(own, 'o', BIG);
    memset(kept, 'o', BIG);
    struct str all = {own, BIG};
    int64_t taken = stream_try_write(f.s, &all, 1);
    CHECK(taken > 0 && taken < BIG);
    CHECK_INT(stream_queue(f.s, all, (size_t)taken, (struct str){kept, BIG}), 0);
    CHECK(stream_queued(f.s) > 0);
    struct str more = STR("more");
    CHECK_INT(stream_try_write(f.s, &more, 1), 0); /* must not overtake the queue */
    size_t got = 0;
    for (int64_t until_ms = turn_mono_ms(&f.turn) + GUARD_MS; f.drained == 0;) {
        CHECK(turn_mono_ms(&f.turn) < until_ms);
        got += read_peer('o');
        turn_timer(&f.turn, &f.guard, 0, on_guard); /* one look at the sockets */
        loop_run(f.loop);
    }
    f.timed_out = false;
    CHECK_INT(f.drained_err, 0);
    CHECK_INT(stream_queued(f.s), 0);
    for (size_t n; (n = read_peer('o')) > 0;) got += n;
    CHECK_INT(got, 2 * BIG);
    CHECK_INT(f.drained, 1);
    free(kept);
    end();
}

TEST(closing_drops_the_queue_and_calls_nothing_but_on_closed)
{
    enum { BIG = 4 << 20 };
    begin();
    char *own = malloc(BIG);
    memset(own, 'o', BIG);
    CHECK_INT(stream_queue(f.s, (struct str){own, BIG}, 0, STR_NONE), 0);
    stream_close(f.s);
    stream_close(f.s);
    run();
    CHECK_INT(f.closed, 1);
    CHECK_INT(f.drained, 0);
    close(f.peer);
    f.peer = -1;
    loop_close(f.loop);
    turn_release(&f.turn);
}

TEST(the_end_of_the_peer_is_an_end_and_writing_goes_on)
{
    begin();
    stream_read_start(f.s);
    shutdown(f.peer, SHUT_WR);
    run();
    CHECK_INT(f.ends, 1);
    CHECK_INT(f.end_err, 0);
    stream_read_start(f.s); /* nothing after the end */
    loop_run(f.loop);
    CHECK_INT(f.ends, 1);
    struct str text = STR("still");
    CHECK_INT(stream_try_write(f.s, &text, 1), 5);
    stream_end(f.s);
    char back[8];
    CHECK_INT(recv(f.peer, back, sizeof back, 0), 5);
    CHECK_INT(recv(f.peer, back, sizeof back, 0), 0);
    end();
}

TEST(a_peer_that_is_gone_is_an_error_of_the_write)
{
    begin();
    close(f.peer);
    f.peer = -1;
    struct str text = STR("nobody");
    CHECK_INT(stream_try_write(f.s, &text, 1), ERR_AWAY);
    end();
}

TEST(a_stream_may_be_closed_from_within_its_read)
{
    begin();
    stream_read_start(f.s);
    f.close_in_read = true;
    peer_send("x");
    run();
    CHECK_INT(f.closed, 1);
    CHECK_INT(f.seen.len, 1);
    CHECK_INT(f.ends, 0);
    close(f.peer);
    f.peer = -1;
    loop_close(f.loop);
    turn_release(&f.turn);
    buf_release(&f.seen);
}

TEST(what_the_last_handle_puts_off_in_closing_still_happens)
{
    begin();
    list_init(&f.later.link);
    f.put_off_in_closed = true;
    stream_close(f.s);
    loop_run(f.loop);
    CHECK_INT(f.closed, 1);
    CHECK_INT(f.put_off, 1);
    close(f.peer);
    loop_close(f.loop);
    turn_release(&f.turn);
}

TEST_MAIN
