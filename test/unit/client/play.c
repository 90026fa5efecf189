/* SPDX-License-Identifier: Apache-2.0
 *
 * See play.h. Both pipes' far ends are given to the worker by number through the environment, as bide does.
 */
#include "play.h"

#include <poll.h>
#include <unistd.h>

static void *run(void *arg)
{
    struct play *p = arg;
    p->ret = bide_worker_run(p->worker);
    close(p->theirs_out); /* so that waiting for a line of an ended worker ends too */
    p->theirs_out = -1;
    return NULL;
}

void play_start(struct play *p, const struct bide_worker *worker)
{
    int in[2], out[2];
    char text[16];
    CHECK_INT(pipe(in), 0);
    CHECK_INT(pipe(out), 0);
    memset(p, 0, sizeof *p);
    p->worker = worker;
    p->theirs_in = in[0];
    p->to = in[1];
    p->from = out[0];
    p->theirs_out = out[1];
    snprintf(text, sizeof text, "%d", in[0]);
    setenv("BIDE_IN", text, 1);
    snprintf(text, sizeof text, "%d", out[1]);
    setenv("BIDE_OUT", text, 1);
    CHECK_INT(pthread_create(&p->thread, NULL, run, p), 0);
}

void play_say(struct play *p, const char *frame)
{
    struct str rest = str_of(frame);
    while (rest.len > 0) {
        ssize_t n = write(p->to, rest.p, rest.len);
        CHECK(n > 0);
        rest = str_sub(rest, (size_t)n, rest.len);
    }
    CHECK_INT(write(p->to, "\n", 1), 1);
}

const char *play_hear(struct play *p)
{
    memmove(p->line, p->line + p->given, p->len);
    p->given = 0;
    for (;;) {
        char *end = memchr(p->line, '\n', p->len);
        if (end) {
            *end = '\0';
            p->given = (size_t)(end - p->line) + 1;
            p->len -= p->given;
            return p->line;
        }
        struct pollfd fd = {.fd = p->from, .events = POLLIN};
        CHECK_INT(poll(&fd, 1, 10 * 1000), 1);
        ssize_t n = read(p->from, p->line + p->len, sizeof p->line - p->len);
        CHECK(n > 0);
        p->len += (size_t)n;
    }
}

void play_mute(struct play *p)
{
    if (p->to >= 0) close(p->to);
    p->to = -1;
}

void play_deafen(struct play *p)
{
    if (p->from >= 0) close(p->from);
    p->from = -1;
}

int play_end(struct play *p)
{
    play_mute(p);
    pthread_join(p->thread, NULL);
    play_deafen(p);
    close(p->theirs_in);
    if (p->theirs_out >= 0) close(p->theirs_out);
    return p->ret;
}
