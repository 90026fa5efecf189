/* SPDX-License-Identifier: Apache-2.0
 *
 * One uv_signal_t each; closing hands the memory to the loop.
 */
#include "loop/signal.h"
#include "base/mem.h"
#include "loop/uv_inside.h"
#include <stdlib.h>

struct signal_watch {
    uv_signal_t uv;
    void (*on_signal)(void *owner, int signum);
    void *owner; /* borrowed */
};

static void on_uv_signal(uv_signal_t *uv, int signum)
{
    struct signal_watch *w = uv->data;
    w->on_signal(w->owner, signum);
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

int signal_open(struct signal_watch **ret_watch, struct loop *l, int signum, void (*on_signal)(void *owner, int signum),
                void *owner, struct err *e)
{
    struct signal_watch *w = mem_new(sizeof *w);
    int status = uv_signal_init(loop_uv(l), &w->uv);
    if (status == 0) {
        w->uv.data = w;
        status = uv_signal_start(&w->uv, on_uv_signal, signum);
    }
    if (status < 0) {
        if (!loop_handle_close((uv_handle_t *)&w->uv, on_closed)) free(w);
        return loop_err_set(e, status, "signal");
    }
    uv_unref((uv_handle_t *)&w->uv);
    w->on_signal = on_signal;
    w->owner = owner;
    *ret_watch = w;
    return 0;
}

void signal_close(struct signal_watch *w)
{
    if (w) loop_handle_close((uv_handle_t *)&w->uv, on_closed);
}
