/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipes over uv_poll_t and plain read(2) and write(2): uv_pipe_t cannot say "what is there now and no more", which the
 * end of a process needs. The inside of a reader or writer is an allocation of its own that lives until libuv has let
 * go of the handle, so that the owner's struct may go at once.
 */
#include "loop/pipe.h"
#include "base/buf.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define KEEP_BUFFER (64 * 1024) /* an empty queue keeps no more memory than this */

struct pipe_reading {
    uv_poll_t poll;
    int fd;                    /* owned */
    struct pipe_reader *owner; /* borrowed; NULL once closed */
};

struct pipe_writing {
    uv_poll_t poll;
    int fd;                    /* owned */
    struct pipe_writer *owner; /* borrowed; NULL once closed */
    size_t max;
    struct buf queue;
    size_t written; /* of queue: dropped in bulk, so that a long queue is not moved for each write */
    bool ending, polling;
};

int pipe_make(int *ret_read_fd, int *ret_write_fd, struct err *e)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return err_set_errno(e, loop_err(-errno), errno, "pipe");
    *ret_read_fd = fds[0];
    *ret_write_fd = fds[1];
    return 0;
}

static void on_reading_closed(uv_handle_t *handle) { free(handle->data); }

static void on_readable(uv_poll_t *poll, int status, int events);
static int start_reading(struct pipe_reading *in) { return uv_poll_start(&in->poll, UV_READABLE, on_readable); }

static void end(struct pipe_reader *r)
{
    pipe_reader_close(r);
    if (r->on_end) r->on_end(r);
}

/* Reads at most `max` bytes and delivers them. Returns how many, 0 when there is nothing now or no more at all. */
static size_t read_some(struct pipe_reading *in, char *to, size_t max)
{
    ssize_t n;
    do n = read(in->fd, to, max);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        in->owner->on_data(in->owner, (struct str){to, (size_t)n});
        return (size_t)n;
    }
    if (n < 0 && errno == EAGAIN) return 0;
    in->owner->broken = n < 0;
    end(in->owner);
    return 0;
}

/* One read a turn, so that a chatty program does not keep others waiting. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    uv_buf_t to;
    (void)status; /* the read says it again, with the reason */
    (void)events;
    loop_on_alloc((uv_handle_t *)poll, LOOP_READ_BUFFER, &to);
    read_some(poll->data, to.base, to.len);
}

int pipe_reader_open(struct pipe_reader *r, struct loop *l, int fd, struct err *e)
{
    struct pipe_reading *in = mem_new(sizeof *in);
    int status = uv_poll_init(loop_uv(l), &in->poll, fd);
    if (status < 0) {
        free(in);
        return loop_err_set(e, status, "pipe");
    }
    in->poll.data = in;
    status = start_reading(in);
    if (status < 0) {
        loop_handle_close((uv_handle_t *)&in->poll, on_reading_closed);
        return loop_err_set(e, status, "pipe");
    }
    in->fd = fd;
    in->owner = r;
    r->inside = in;
    r->broken = false;
    return 0;
}

void pipe_reader_pause(struct pipe_reader *r, bool paused)
{
    if (!r->inside) return;
    if (paused) uv_poll_stop(&r->inside->poll);
    else start_reading(r->inside); /* cannot fail: the handle is open */
}

void pipe_reader_drain(struct pipe_reader *r)
{
    struct pipe_reading *in = r->inside;
    int there = 0;
    if (!in || ioctl(in->fd, FIONREAD, &there) < 0 || there == 0) return;
    size_t left = (size_t)there, size = left < LOOP_READ_BUFFER ? left : LOOP_READ_BUFFER;
    char *own = mem_new(size); /* the loop's buffer may be in use: it is one callback that drains in another */
    while (left > 0 && in->owner) {
        size_t n = read_some(in, own, left < size ? left : size);
        left = n ? left - n : 0;
    }
    free(own);
}

void pipe_reader_close(struct pipe_reader *r)
{
    struct pipe_reading *in = r->inside;
    if (!in) return;
    r->inside = NULL;
    in->owner = NULL;
    loop_handle_close((uv_handle_t *)&in->poll, on_reading_closed); /* out of the poll set from here on */
    close(in->fd);
}

static void on_writing_closed(uv_handle_t *handle)
{
    struct pipe_writing *out = handle->data;
    buf_release(&out->queue);
    free(out);
}

static size_t waiting(const struct pipe_writing *out) { return out->queue.len - out->written; }

/* Writes what the pipe takes now. Returns false when the writer was closed: ended, or nobody reads any more. */
static bool flush(struct pipe_writing *out)
{
    while (waiting(out) > 0) {
        ssize_t n = write(out->fd, out->queue.p + out->written, waiting(out));
        if (n > 0) {
            out->written += (size_t)n;
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != EINTR) {
            pipe_writer_close(out->owner);
            return false;
        }
    }
    out->written = 0;
    if (out->queue.cap > KEEP_BUFFER) buf_release(&out->queue);
    buf_clear(&out->queue);
    if (out->ending) pipe_writer_close(out->owner);
    return !out->ending;
}

static void on_writable(uv_poll_t *poll, int status, int events);

static void poll_while_waiting(struct pipe_writing *out)
{
    bool wanted = waiting(out) > 0;
    if (wanted == out->polling) return;
    out->polling = wanted;
    if (wanted) uv_poll_start(&out->poll, UV_WRITABLE, on_writable);
    else uv_poll_stop(&out->poll);
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct pipe_writing *out = poll->data;
    (void)events;
    if (status < 0) out->polling = false; /* libuv stops the handle; the write says why */
    if (flush(out)) poll_while_waiting(out);
}

int pipe_writer_open(struct pipe_writer *w, struct loop *l, int fd, size_t max, struct err *e)
{
    struct pipe_writing *out = mem_new(sizeof *out);
    int status = uv_poll_init(loop_uv(l), &out->poll, fd);
    if (status < 0) {
        free(out);
        return loop_err_set(e, status, "pipe");
    }
    out->poll.data = out;
    out->fd = fd;
    out->owner = w;
    out->max = max;
    buf_init(&out->queue, 2 * max); /* what is written may be as long as what waits */
    w->inside = out;
    return 0;
}

/* Queues bytes after what waits already. */
static int queue(struct pipe_writing *out, struct str bytes)
{
    if (out->written >= waiting(out)) {
        buf_drop(&out->queue, out->written);
        out->written = 0;
    }
    buf_add_str(&out->queue, bytes);
    if (buf_err(&out->queue)) return buf_err(&out->queue);
    poll_while_waiting(out);
    return 0;
}

int pipe_writer_send(struct pipe_writer *w, struct str bytes)
{
    struct pipe_writing *out = w->inside;
    if (!out || out->ending) return ERR_IO;
    if (bytes.len > out->max - waiting(out)) return ERR_TOO_BIG;
    while (waiting(out) == 0 && bytes.len > 0) {
        ssize_t n = write(out->fd, bytes.p, bytes.len);
        if (n > 0) {
            bytes = str_sub(bytes, (size_t)n, bytes.len);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            pipe_writer_close(w);
            return ERR_IO;
        }
    }
    return bytes.len > 0 ? queue(out, bytes) : 0;
}

void pipe_writer_end(struct pipe_writer *w)
{
    if (!w->inside) return;
    w->inside->ending = true;
    if (waiting(w->inside) == 0) pipe_writer_close(w);
}

void pipe_writer_close(struct pipe_writer *w)
{
    struct pipe_writing *out = w->inside;
    if (!out) return;
    w->inside = NULL;
    out->owner = NULL;
    loop_handle_close((uv_handle_t *)&out->poll, on_writing_closed);
    close(out->fd);
}
