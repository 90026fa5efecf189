/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a worker. A frame may end the attempt, and the run may give the next one before this returns: nothing is
 * remembered from one frame to the next.
 */
#include "handler/worker_read.h"
#include "handler/attempt.h"
#include "handler/worker_slot.h"
#include "handler/worker_warmup.h"
#include "handler/worker_watch.h"

#define PROTO 1
#define HUNG_UP_MS 2000 /* from the end of its frames to its own, which says more about it */

static void on_ready(struct worker *w, const struct frame *f)
{
    if (w->state != WORKER_STARTING || w->ready || w->warmup)
        w->dropped++;
    else if (f->proto != PROTO)
        worker_fail(w, "speaks protocol bide/%lld, this server bide/%d", (long long)f->proto, PROTO);
    else
        worker_warmup_ready(w, f);
}

static void on_frame(struct worker *w, const struct frame *f)
{
    if (f->op == FRAME_OTHER) return;
    if (f->op == FRAME_PONG) {
        worker_watch_pong(w);
        return;
    }
    if (f->op == FRAME_READY) {
        on_ready(w, f);
        return;
    }
    if (worker_warmup_read(w, f)) return;
    struct attempt *a = worker_slot_of(w, f);
    if (!a) return;
    switch (f->op) {
    case FRAME_PROGRESS: attempt_progress(a, f); break;
    case FRAME_LOG: attempt_log(a, f); break;
    case FRAME_OUTPUT: attempt_output(a, f->n, f->text); break;
    case FRAME_SAVE: attempt_save(a, f); break;
    case FRAME_DONE: worker_slot_done(a, f); break;
    case FRAME_FAIL: worker_slot_failed(a, f); break;
    case FRAME_CANCELLED: worker_slot_cancelled(a); break;
    case FRAME_OTHER:
    case FRAME_PONG:
    case FRAME_READY: break;
    }
}

static void on_line(struct worker *w, struct str line)
{
    struct err e = {0};
    struct frame f;
    int rc = frame_parse(&w->parser, line, &f, &e);
    if (rc == 0) {
        on_frame(w, &f);
        return;
    }
    struct str complaint = frame_complaint(&w->parser, line, rc, &e);
    worker_fail(w, "wrote a line that is %.*s", STR_ARG(complaint));
}

static void read_frames(struct worker *w, struct str bytes)
{
    struct str line;
    while (!w->deaf) {
        int rc = lines_next(&w->lines, &bytes, &line);
        if (rc == 0) return;
        if (rc < 0)
            worker_fail(w, "wrote a line of more than %d bytes", LIMIT_FRAME);
        else
            on_line(w, line);
    }
}

static void captured(struct worker *w, struct capture *c, struct str bytes)
{
    struct str text;
    while (capture_next(c, &bytes, &text)) worker_slot_log(w, text);
}

void worker_read(struct worker *w, enum child_stream from, struct str bytes)
{
    switch (from) {
    case CHILD_STDOUT: captured(w, &w->out, bytes); break;
    case CHILD_STDERR: captured(w, &w->err, bytes); break;
    case CHILD_FRAMES: read_frames(w, bytes); break;
    }
}

/* One that is being stopped already is ended in its own time. */
static void on_hung_up(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, hung_up);
    if (!w->dead && w->ending == ENDING_NOT && !worker_slot_stopping(w))
        worker_fail(w, "closed descriptor 4, so that nothing can be heard of it");
}

void worker_read_hung_up(struct worker *w) { turn_timer(w->turn, &w->hung_up, HUNG_UP_MS, on_hung_up); }

void worker_read_end(struct worker *w)
{
    turn_timer_stop(w->turn, &w->hung_up);
    struct str text;
    if (capture_end(&w->out, &text)) worker_slot_log(w, text);
    if (capture_end(&w->err, &text)) worker_slot_log(w, text);
}

void worker_read_reset(struct worker *w)
{
    turn_timer_stop(w->turn, &w->hung_up);
    lines_release(&w->lines);
    lines_init(&w->lines);
    capture_forget(&w->out);
    capture_forget(&w->err);
    w->deaf = false;
}
