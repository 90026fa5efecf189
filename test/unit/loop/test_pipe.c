/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipes: order and completeness of what is read and written, the bound of the queue, pausing, both kinds of end, and
 * closing from inside a callback.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "loop/pipe.h"
#include "test/test.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define GUARD_MS 20000

static struct turn turn;
static struct loop *loop;
static struct timer guard;
static bool timed_out;

static struct sink {
    struct pipe_reader reader;
    struct buf seen;
    size_t want; /* stops the loop at so many bytes */
    int ends;
    bool close_at_once;
} sink;

static void on_guard(struct timer *t)
{
    (void)t;
    timed_out = true;
    loop_stop(loop);
}

static void on_data(struct pipe_reader *r, struct str bytes)
{
    struct sink *s = CONTAINER_OF(r, struct sink, reader);
    buf_add_str(&s->seen, bytes);
    if (s->close_at_once) pipe_reader_close(r);
    if (s->want && s->seen.len >= s->want) loop_stop(loop);
}

static void on_end(struct pipe_reader *r)
{
    struct sink *s = CONTAINER_OF(r, struct sink, reader);
    s->ends++;
    loop_stop(loop);
}

static void run(void)
{
    turn_timer(&turn, &guard, GUARD_MS, on_guard);
    loop_run(loop);
    turn_timer_stop(&turn, &guard);
    CHECK(!timed_out);
}

static void begin(int *ret_read_fd, int *ret_write_fd)
{
    struct err e;
    timed_out = false;
    turn_init(&turn, &clock_system, rng_system());
    CHECK_INT(loop_open(&loop, &turn, &e), 0);
    CHECK_INT(pipe_make(ret_read_fd, ret_write_fd, &e), 0);
    sink = (struct sink){.reader = {.on_data = on_data, .on_end = on_end}};
    buf_init(&sink.seen, 64 * 1024 * 1024);
}

static void open_sink(int fd)
{
    struct err e;
    CHECK_INT(pipe_reader_open(&sink.reader, loop, fd, &e), 0);
}

static void finish(void)
{
    pipe_reader_close(&sink.reader);
    buf_release(&sink.seen);
    loop_close(loop);
    turn_release(&turn);
}

TEST(both_ends_of_a_pipe_are_closed_on_exec)
{
    int in, out;
    begin(&in, &out);
    CHECK(fcntl(in, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(out, F_GETFD) & FD_CLOEXEC);
    close(in);
    close(out);
    finish();
}

TEST(eight_megabytes_arrive_whole_and_in_order)
{
    int in, out;
    struct err e;
    struct pipe_writer w = {NULL};
    const size_t size = 8 * 1024 * 1024;
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++) bytes[i] = (char)((i * 2654435761u) >> 13);
    begin(&in, &out);
    open_sink(in);
    CHECK_INT(pipe_writer_open(&w, loop, out, size, &e), 0);
    for (size_t at = 0; at < size; at += size / 16)
        CHECK_INT(pipe_writer_send(&w, (struct str){bytes + at, size / 16}), 0);
    pipe_writer_end(&w);
    CHECK_INT(pipe_writer_send(&w, STR("late")), ERR_IO);
    run();
    CHECK_INT(sink.ends, 1);
    CHECK_INT(sink.seen.len, size);
    CHECK(memcmp(sink.seen.p, bytes, size) == 0);
    CHECK(w.inside == NULL);
    CHECK(sink.reader.inside == NULL);
    free(bytes);
    finish();
}

TEST(what_does_not_fit_is_refused_whole_and_the_rest_goes_on)
{
    int in, out;
    struct err e;
    struct pipe_writer w = {NULL};
    char kib[1024];
    memset(kib, 'x', sizeof kib);
    begin(&in, &out);
    CHECK_INT(pipe_writer_open(&w, loop, out, 10 * sizeof kib, &e), 0);
    size_t sent = 0;
    int err;
    while ((err = pipe_writer_send(&w, (struct str){kib, sizeof kib})) == 0) sent += sizeof kib;
    CHECK_INT(err, ERR_TOO_BIG);
    CHECK_INT(sent, fcntl(out, F_GETPIPE_SZ) + 10 * (int)sizeof kib);
    open_sink(in);
    sink.want = sent;
    run();
    CHECK_INT(sink.seen.len, sent);
    sink.want = sent + 3;
    CHECK_INT(pipe_writer_send(&w, STR("end")), 0);
    run();
    CHECK_STR(str_sub(buf_str(&sink.seen), sent, 3), "end");
    pipe_writer_close(&w);
    finish();
}

TEST(a_writer_whose_reader_has_gone_closes_itself)
{
    int in, out;
    struct err e;
    struct pipe_writer w = {NULL};
    char *bytes = calloc(1, 1024 * 1024);
    begin(&in, &out);
    CHECK_INT(pipe_writer_open(&w, loop, out, 1024 * 1024, &e), 0);
    CHECK_INT(pipe_writer_send(&w, (struct str){bytes, 1024 * 1024}), 0);
    close(in);
    loop_run(loop); /* ends by itself: nothing is left that could happen */
    CHECK(w.inside == NULL);
    CHECK_INT(pipe_writer_send(&w, STR("x")), ERR_IO);
    free(bytes);
    finish();
}

TEST(a_send_to_a_reader_that_has_gone_is_an_error)
{
    int in, out;
    struct err e;
    struct pipe_writer w = {NULL};
    begin(&in, &out);
    CHECK_INT(pipe_writer_open(&w, loop, out, 100, &e), 0);
    close(in);
    CHECK_INT(pipe_writer_send(&w, STR("x")), ERR_IO);
    CHECK(w.inside == NULL);
    finish();
}

TEST(a_paused_reader_reads_nothing_until_it_goes_on)
{
    int in, out;
    begin(&in, &out);
    open_sink(in);
    pipe_reader_pause(&sink.reader, true);
    CHECK_INT(write(out, "abc", 3), 3);
    loop_run(loop); /* a paused reader keeps nothing alive */
    CHECK_INT(sink.seen.len, 0);
    pipe_reader_pause(&sink.reader, false);
    sink.want = 3;
    run();
    CHECK_STR(buf_str(&sink.seen), "abc");
    close(out);
    finish();
}

TEST(draining_gives_what_is_there_and_does_not_wait_for_the_end)
{
    int in, out;
    begin(&in, &out);
    open_sink(in);
    pipe_reader_drain(&sink.reader);
    CHECK_INT(sink.seen.len, 0);
    CHECK_INT(write(out, "abc", 3), 3);
    pipe_reader_pause(&sink.reader, true);
    pipe_reader_drain(&sink.reader);
    CHECK_STR(buf_str(&sink.seen), "abc");
    CHECK_INT(sink.ends, 0);
    close(out);
    finish();
}

TEST(a_pipe_made_larger_is_drained_whole)
{
    static const char bytes[200000];
    int in, out;
    begin(&in, &out);
    open_sink(in);
    CHECK(fcntl(out, F_SETPIPE_SZ, 256 * 1024) > 0);
    CHECK_INT(write(out, bytes, sizeof bytes), sizeof bytes);
    pipe_reader_drain(&sink.reader);
    CHECK_INT(sink.seen.len, sizeof bytes);
    close(out);
    finish();
}

TEST(closing_in_the_callback_ends_the_callbacks)
{
    int in, out;
    begin(&in, &out);
    open_sink(in);
    sink.close_at_once = true;
    CHECK_INT(write(out, "abc", 3), 3);
    close(out);
    loop_run(loop);
    CHECK_STR(buf_str(&sink.seen), "abc");
    CHECK_INT(sink.ends, 0);
    CHECK_INT(fcntl(in, F_GETFD), -1);
    pipe_reader_drain(&sink.reader);
    pipe_reader_close(&sink.reader);
    finish();
}

TEST(what_is_no_pipe_is_refused_and_stays_open)
{
    int in, out;
    struct err e;
    begin(&in, &out);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    CHECK(pipe_reader_open(&sink.reader, loop, file, &e) < 0);
    CHECK(e.text[0] != '\0');
    CHECK_INT(close(file), 0);
    close(in);
    close(out);
    finish();
}

static struct sink aside;

static void on_data_drain(struct pipe_reader *r, struct str bytes)
{
    pipe_reader_drain(&aside.reader);
    CHECK_INT(aside.seen.len, 60000);
    on_data(r, bytes);
}

TEST(draining_another_pipe_leaves_the_bytes_being_delivered_alone)
{
    int read_fd, write_fd, aside_read, aside_write;
    static char other[60000];
    struct err e;
    begin(&read_fd, &write_fd);
    memset(other, 'x', sizeof other);
    CHECK_INT(pipe_make(&aside_read, &aside_write, &e), 0);
    aside = (struct sink){.reader = {.on_data = on_data}};
    buf_init(&aside.seen, 100000);
    CHECK_INT(pipe_reader_open(&aside.reader, loop, aside_read, &e), 0);
    pipe_reader_pause(&aside.reader, true);
    CHECK_INT(write(aside_write, other, sizeof other), (int64_t)sizeof other);
    sink.reader.on_data = on_data_drain;
    sink.want = 5;
    CHECK_INT(pipe_reader_open(&sink.reader, loop, read_fd, &e), 0);
    CHECK_INT(write(write_fd, "frame", 5), 5);
    run();
    CHECK_STR(buf_str(&sink.seen), "frame");
    pipe_reader_close(&aside.reader);
    buf_release(&aside.seen);
    close(aside_write);
    close(write_fd);
    finish();
}

TEST_MAIN
