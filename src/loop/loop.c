/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop around libuv's. Two handles of our own drive the turn, none of which keeps the loop alive by being there:
 *
 *   timer ─▶ prepare: run the turn, arm ─▶ poll (sleeps) ─▶ closed handles ─▶ again
 *
 * "Arm" sets the uv timer to the time at which the turn next has something due, and stops it when nothing is due: that
 * timer alone says how long the poll may sleep, and (being a live handle) that there is still something to wait for.
 * It must never poll the clock: no due time, no wake-up.
 */
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_timer_t timer;
    struct turn *turn;    /* borrowed */
    bool stopped;         /* since loop_run began */
    int64_t armed_for_ms; /* mono time the timer stands at; INT64_MAX: stopped */
    char read_buffer[LOOP_READ_BUFFER];
};

uv_loop_t *loop_uv(struct loop *l) { return &l->uv; }

struct turn *loop_turn(struct loop *l) { return l->turn; }

/* The turn runs in prepare, which always follows. */
static void on_timer(uv_timer_t *timer)
{
    struct loop *l = timer->data;
    l->armed_for_ms = INT64_MAX;
}

static void arm(struct loop *l)
{
    int64_t in_ms = turn_next_ms(l->turn);
    if (in_ms < 0) {
        if (l->armed_for_ms != INT64_MAX) uv_timer_stop(&l->timer);
        l->armed_for_ms = INT64_MAX;
        return;
    }
    int64_t now_ms = turn_mono_ms(l->turn);
    int64_t due_at_ms = in_ms < INT64_MAX - now_ms ? now_ms + in_ms : INT64_MAX - 1;
    if (due_at_ms == l->armed_for_ms) return;
    uv_update_time(&l->uv); /* the timer counts from the loop's idea of now, which may lag by what the callbacks took */
    uv_timer_start(&l->timer, on_timer, (uint64_t)in_ms, 0);
    l->armed_for_ms = due_at_ms;
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *l = prepare->data;
    turn_run(l->turn);
    arm(l);
}

int loop_open(struct loop **ret_loop, struct turn *turn, struct err *e)
{
    struct loop *l = mem_new(sizeof *l);
    int status = uv_loop_init(&l->uv);
    if (status < 0) {
        free(l);
        return loop_err_set(e, status, "event loop");
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that went away is an error of the write, not of the process */
    l->turn = turn;
    l->armed_for_ms = INT64_MAX;
    uv_prepare_init(&l->uv, &l->prepare);
    uv_timer_init(&l->uv, &l->timer);
    l->prepare.data = l->timer.data = l;
    uv_prepare_start(&l->prepare, on_prepare);
    uv_unref((uv_handle_t *)&l->prepare);
    *ret_loop = l;
    return 0;
}

void loop_run(struct loop *l)
{
    do { /* again when the last handle, in closing, has put something off */
        arm(l);
        uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (!l->stopped && turn_next_ms(l->turn) >= 0);
    l->stopped = false;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
    uv_stop(&l->uv);
}

static void check_closing(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (uv_is_closing(handle)) return;
    fprintf(stderr, "bide: loop_close: a %s handle was left open\n", uv_handle_type_name(handle->type));
    abort();
}

void loop_close(struct loop *l)
{
    uv_prepare_stop(&l->prepare); /* nothing of the turn runs any more, only what libuv still has to finish */
    loop_handle_close((uv_handle_t *)&l->prepare, NULL);
    loop_handle_close((uv_handle_t *)&l->timer, NULL);
    uv_walk(&l->uv, check_closing, NULL);
    while (uv_loop_close(&l->uv) == UV_EBUSY) uv_run(&l->uv, UV_RUN_DEFAULT);
    free(l);
}

bool loop_handle_close(uv_handle_t *handle, uv_close_cb on_closed)
{
    if (handle->type == UV_UNKNOWN_HANDLE || uv_is_closing(handle)) return false;
    uv_close(handle, on_closed);
    return true;
}

void loop_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    (void)suggested;
    struct loop *l = CONTAINER_OF(handle->loop, struct loop, uv);
    *ret_buf = uv_buf_init(l->read_buffer, sizeof l->read_buffer);
}

int loop_err(int uv_status)
{
    switch (uv_status) {
    case 0: return 0;
    case UV_ENOMEM: return ERR_NOMEM;
    case UV_EINVAL: return ERR_INVALID;
    case UV_ENOENT: return ERR_NOT_FOUND;
    case UV_EADDRINUSE: return ERR_LOCKED;
    case UV_ENOSPC: return ERR_FULL;
    case UV_EAGAIN:
    case UV_EMFILE:
    case UV_ENFILE: return ERR_AGAIN;
    case UV_ETIMEDOUT: return ERR_TIMEOUT;
    case UV_ECANCELED: return ERR_CANCELLED;
    case UV_ENOTSUP:
    case UV_ENOSYS: return ERR_UNSUPPORTED;
    case UV_EOF:
    case UV_EPIPE:
    case UV_ECONNRESET:
    case UV_ECONNREFUSED:
    case UV_ECONNABORTED:
    case UV_ENOTCONN: return ERR_AWAY;
    default: return ERR_IO; /* an int, not an enum: the rest of errno */
    }
}

int loop_err_set(struct err *e, int uv_status, const char *what)
{
    char text[128];
    uv_strerror_r(uv_status, text, sizeof text);
    return err_set(e, loop_err(uv_status), "%s: %s", what, text);
}
