/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams over uv_tcp_t and uv_pipe_t. One allocation each, embedding the handle; a queued write is a second one that
 * lives until the kernel has the bytes, so an idle stream costs no write state. All reads share the loop's buffer.
 */
#include "loop/stream.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    const struct stream_events *events; /* borrowed */
    void *owner;                        /* borrowed */
    bool reading, ended;
};

struct queued {
    uv_write_t req;
    struct stream *stream; /* borrowed */
    char *own;             /* owned */
};

static int wrap(struct stream *s, struct loop *l, int fd, bool is_unix)
{
    int status = is_unix ? uv_pipe_init(loop_uv(l), &s->uv.pipe, 0) : uv_tcp_init(loop_uv(l), &s->uv.tcp);
    if (status < 0) return status;
    return is_unix ? uv_pipe_open(&s->uv.pipe, fd) : uv_tcp_open(&s->uv.tcp, fd);
}

static void free_unopened(uv_handle_t *handle) { free(handle->data); }

int stream_open(struct stream **ret_stream, struct loop *l, int fd, bool is_unix, struct err *e)
{
    struct stream *s = mem_new(sizeof *s);
    int status = wrap(s, l, fd, is_unix);
    if (status < 0) {
        close(fd);
        s->uv.handle.data = s;
        if (!loop_handle_close(&s->uv.handle, free_unopened)) free(s);
        return loop_err_set(e, status, "connection");
    }
    s->uv.handle.data = s;
    *ret_stream = s;
    return 0;
}

void stream_own(struct stream *s, const struct stream_events *events, void *owner)
{
    s->events = events;
    s->owner = owner;
}

static void on_read(uv_stream_t *uv, ssize_t n, const uv_buf_t *buf)
{
    struct stream *s = uv->data;
    if (n == 0) return; /* would block */
    if (n > 0) {
        s->events->on_read(s->owner, (struct str){buf->base, (size_t)n});
        return;
    }
    stream_read_stop(s);
    s->ended = true;
    s->events->on_end(s->owner, n == UV_EOF ? 0 : loop_err((int)n));
}

void stream_read_start(struct stream *s)
{
    if (s->reading || s->ended || uv_is_closing(&s->uv.handle)) return;
    s->reading = uv_read_start(&s->uv.stream, loop_on_alloc, on_read) == 0;
}

void stream_read_stop(struct stream *s)
{
    if (!s->reading) return;
    uv_read_stop(&s->uv.stream);
    s->reading = false;
}

#define PARTS_MAX 4

int64_t stream_try_write(struct stream *s, const struct str *parts, size_t n_parts)
{
    uv_buf_t bufs[PARTS_MAX];
    unsigned n = 0;
    for (size_t i = 0; i < n_parts && n < PARTS_MAX; i++)
        if (parts[i].len) bufs[n++] = uv_buf_init((char *)parts[i].p, (unsigned)parts[i].len);
    if (n == 0) return 0;
    int taken = uv_try_write(&s->uv.stream, bufs, n);
    if (taken == UV_EAGAIN) return 0;
    return taken < 0 ? loop_err(taken) : taken;
}

static void on_written(uv_write_t *req, int status)
{
    struct queued *q = CONTAINER_OF(req, struct queued, req);
    struct stream *s = q->stream;
    free(q->own);
    free(q);
    if (uv_is_closing(&s->uv.handle)) return;
    if (status < 0 || stream_queued(s) == 0) s->events->on_drained(s->owner, loop_err(status));
}

int stream_queue(struct stream *s, struct str own, size_t from, struct str kept)
{
    struct queued *q = mem_new(sizeof *q);
    uv_buf_t bufs[2] = {uv_buf_init((char *)own.p + from, (unsigned)(own.len - from)),
                        uv_buf_init((char *)kept.p, (unsigned)kept.len)};
    q->stream = s;
    q->own = (char *)own.p;
    int status = uv_write(&q->req, &s->uv.stream, bufs, 2, on_written);
    if (status == 0) return 0;
    free(q->own);
    free(q);
    return loop_err(status);
}

size_t stream_queued(const struct stream *s) { return uv_stream_get_write_queue_size(&s->uv.stream); }

size_t stream_unseen(const struct stream *s)
{
    uv_os_fd_t fd;
    int in_kernel = 0;
    if (uv_fileno(&s->uv.handle, &fd) < 0 || ioctl(fd, SIOCOUTQ, &in_kernel) < 0) in_kernel = 0;
    return stream_queued(s) + (size_t)in_kernel;
}

void stream_end(struct stream *s)
{
    uv_os_fd_t fd;
    if (uv_fileno(&s->uv.handle, &fd) == 0) shutdown(fd, SHUT_WR); /* fails only when the peer is gone: reading tells */
}

void stream_reset(struct stream *s)
{
    struct linger at_once = {.l_onoff = 1};
    uv_os_fd_t fd;
    if (uv_fileno(&s->uv.handle, &fd) == 0) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void on_closed(uv_handle_t *handle)
{
    struct stream *s = handle->data;
    if (s->events) s->events->on_closed(s->owner);
    free(s);
}

void stream_close(struct stream *s)
{
    s->reading = false;
    loop_handle_close(&s->uv.handle, on_closed);
}
