/* SPDX-License-Identifier: Apache-2.0
 *
 * uv_poll around a foreign descriptor. It leaves the poll set in watch_close, at once: the number may be another socket's
 * before the handle is gone.
 */
#include "loop/watch.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <stdlib.h>

struct watching {
    uv_poll_t poll;
    struct watch *owner; /* borrowed; NULL once closed */
};

static void on_closed(uv_handle_t *handle) { free(handle->data); }

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watching *i = poll->data;
    if (i->owner) i->owner->on_ready(i->owner, status < 0 || events & UV_READABLE, status < 0 || events & UV_WRITABLE);
}

int watch_open(struct watch *w, struct loop *l, int fd, struct err *e)
{
    struct watching *i = mem_new(sizeof *i);
    int status = uv_poll_init(loop_uv(l), &i->poll, fd);
    if (status < 0) {
        free(i);
        return loop_err_set(e, status, "watching a descriptor");
    }
    i->poll.data = i;
    i->owner = w;
    w->inside = i;
    return 0;
}

void watch_for(struct watch *w, bool to_read, bool to_write)
{
    int events = (to_read ? UV_READABLE : 0) | (to_write ? UV_WRITABLE : 0);
    if (events) uv_poll_start(&w->inside->poll, events, on_poll); /* cannot fail: the handle is open */
    else uv_poll_stop(&w->inside->poll);
}

void watch_close(struct watch *w)
{
    struct watching *i = w->inside;
    if (!i) return;
    w->inside = NULL;
    i->owner = NULL;
    uv_poll_stop(&i->poll);
    loop_handle_close((uv_handle_t *)&i->poll, on_closed);
}
