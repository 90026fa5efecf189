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
    *c = (struct bide_channel){.in = in, .out = out};
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
    struct pollfd p = {.fd = c->in, .events = POLLIN};
    int n = poll(&p, 1, wait_ms);
    if (n == 0 || (n < 0 && errno == EINTR)) return n == 0 ? 0 : 1;
    if (n < 0) return bide_error_errno(&c->error, errno, "poll on BIDE_IN");
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
    buf_clear(&c->frame);
    json_write_open(&c->frame, '{');
    json_write_member_text(&c->frame, "op", op);
    return &c->frame;
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

int bide_channel_send(struct bide_channel *c)
{
    if (c->error.code[0]) return -1;
    json_write_close(&c->frame, '}');
    buf_add_char(&c->frame, '\n');
    if (buf_err(&c->frame) == ERR_NOMEM) return bide_error_nomem(&c->error);
    if (buf_err(&c->frame)) return -1; /* too long a frame is the caller's and does not break the channel */
    int sys = write_quietly(c->out, c->frame.p, c->frame.len);
    return sys ? bide_error_errno(&c->error, sys, "write to BIDE_OUT") : 0;
}
