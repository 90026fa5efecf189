/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines in, lines out. Reading waits with poll(2) and takes what is there; writing blocks, which is the back-pressure a
 * chatty worker should feel. A broken pipe is an error code here, never a signal: SIGPIPE is blocked in this thread for
 * the time of the write and, when the write raised it, taken off again, so that the program's own handling of it stays
 * as it was.
 */
#include "client/bide_channel.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "base/text.h"
#include "client/bide_error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE (64 * 1024)

static int open_fd(struct bide_channel *c, const char *name, int fallback, int *ret_fd)
{
    const char *text = getenv(name);
    int64_t fd = fallback;
    if (text && *text && (text_int(&fd, str_of(text)) || fd < 0 || fd > INT32_MAX))
        return bide_error_set(&c->error, "invalid", "%s is \"%s\": the number of a descriptor is expected", name, text);
    int flags = fcntl((int)fd, F_GETFD);
    if (flags < 0)
        return bide_error_set(
            &c->error, "io", "descriptor %d (%s) is not open: a worker is started by bide, see `workers:` in bide.yaml",
            (int)fd, name);
    (void)fcntl((int)fd, F_SETFD, flags | FD_CLOEXEC);
    *ret_fd = (int)fd;
    return 0;
}

void bide_channel_open_fds(struct bide_channel *c, int in, int out, int max_batch)
{
    *c = (struct bide_channel){.in = in, .out = out, .out_lock = PTHREAD_MUTEX_INITIALIZER, .out_broke = -1};
    c->line_max = (size_t)LIMIT_FRAME * (size_t)(max_batch > 0 ? max_batch : 1);
    buf_init(&c->received, c->line_max + READ_SIZE);
    buf_init(&c->frame, LIMIT_FRAME);
}

int bide_channel_open(struct bide_channel *c, int max_batch)
{
    bide_channel_open_fds(c, -1, -1, max_batch);
    if (open_fd(c, "BIDE_IN", 3, &c->in)) return -1;
    return open_fd(c, "BIDE_OUT", 4, &c->out);
}

void bide_channel_release(struct bide_channel *c)
{
    buf_release(&c->received);
    buf_release(&c->frame);
    if (c->line_max && c->out_broke >= 0) close(c->out_broke);
}

int bide_channel_watch(struct bide_channel *c)
{
    c->out_broke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->out_broke < 0 ? bide_error_errno(&c->error, errno, "eventfd") : 0;
}

const struct bide_error *bide_channel_why(const struct bide_channel *c)
{
    return c->error.code[0] ? &c->error : &c->out_error;
}

/* The length of the line in front; false when it is not complete. */
static bool line_len(struct bide_channel *c, size_t *ret_len)
{
    if (c->received.len == c->scanned) return false;
    const char *end = memchr(c->received.p + c->scanned, '\n', c->received.len - c->scanned);
    if (!end) {
        c->scanned = c->received.len;
        return false;
    }
    *ret_len = (size_t)(end - c->received.p);
    c->scanned = *ret_len; /* found again at once when asked again */
    return true;
}

/* 1 something was read, 0 nothing within the time or the end, -1 broken */
static int read_some(struct bide_channel *c, int wait_ms)
{
    struct pollfd p[] = {{.fd = c->in, .events = POLLIN}, {.fd = c->out_broke, .events = POLLIN}};
    int n = poll(p, 2, wait_ms);
    if (n == 0 || (n < 0 && errno == EINTR)) return n == 0 ? 0 : 1;
    if (n < 0) return bide_error_errno(&c->error, errno, "poll on BIDE_IN");
    if (p[1].revents) return -1;
    char *room = buf_room(&c->received, READ_SIZE);
    if (!room) return bide_error_nomem(&c->error);
    ssize_t len = read(c->in, room, READ_SIZE);
    if (len < 0) return errno == EINTR || errno == EAGAIN ? 1 : bide_error_errno(&c->error, errno, "read from BIDE_IN");
    if (len == 0) {
        c->eof = true;
        return 0;
    }
    buf_wrote(&c->received, (size_t)len);
    return 1;
}

int bide_channel_line(struct bide_channel *c, int wait_ms, struct str *ret_line)
{
    size_t len;
    while (!line_len(c, &len)) {
        if (c->error.code[0]) return -1;
        if (c->received.len > c->line_max)
            return bide_error_set(&c->error, "too_large", "a frame from bide is longer than %zu bytes", c->line_max);
        if (c->eof) return 0;
        int got = read_some(c, wait_ms);
        if (got < 0) return -1;
        if (got == 0) return 0;
    }
    *ret_line = (struct str){c->received.p, len};
    return 1;
}

void bide_channel_drop(struct bide_channel *c)
{
    size_t len;
    if (line_len(c, &len)) buf_drop(&c->received, len + 1);
    c->scanned = 0;
}

struct buf *bide_channel_frame(struct bide_channel *c, const char *op)
{
    bide_channel_begin(&c->frame, op);
    return &c->frame;
}

void bide_channel_begin(struct buf *frame, const char *op)
{
    buf_clear(frame);
    json_write_open(frame, '{');
    json_write_member_text(frame, "op", op);
}

/* 0 or the errno */
static int write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n >= 0) {
            p += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd out = {.fd = fd, .events = POLLOUT};
            if (poll(&out, 1, -1) < 0 && errno != EINTR) return errno;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int write_quietly(int fd, const char *p, size_t len)
{
    sigset_t pipe_only, before, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    int sys = write_all(fd, p, len);
    if (sys == EPIPE && !was_pending) {
        const struct timespec at_once = {0, 0};
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return sys;
}

/* What out_error says now; under out_lock. */
static int out_broken(struct bide_channel *c)
{
    const uint64_t once = 1;
    ssize_t n = c->out_broke < 0 ? 0 : write(c->out_broke, &once, sizeof once);
    (void)n; /* it cannot be too full: it breaks once */
    return -1;
}

/* Under out_lock. */
static int write_out(struct bide_channel *c, const struct buf *frame)
{
    if (c->out_error.code[0]) return -1;
    if (buf_err(frame)) return bide_error_nomem(&c->out_error), out_broken(c);
    int sys = write_quietly(c->out, frame->p, frame->len);
    if (sys) return bide_error_errno(&c->out_error, sys, "write to BIDE_OUT"), out_broken(c);
    return 0;
}

int bide_channel_write(struct bide_channel *c, struct buf *frame, struct bide_error *ret_error)
{
    json_write_close(frame, '}');
    buf_add_char(frame, '\n');
    if (buf_err(frame) && buf_err(frame) != ERR_NOMEM) /* the caller's, and does not break the channel */
        return bide_error_set(ret_error, "too_large", "a frame over %d bytes: send less at once", LIMIT_FRAME);
    pthread_mutex_lock(&c->out_lock);
    int rc = write_out(c, frame);
    if (rc && ret_error) *ret_error = c->out_error;
    pthread_mutex_unlock(&c->out_lock);
    return rc;
}

int bide_channel_send(struct bide_channel *c) { return bide_channel_write(c, &c->frame, NULL); }
