/* SPDX-License-Identifier: Apache-2.0
 *
 *     ready ──▶ wait ──run──▶ run each (or run_batch) ──verdicts──▶ wait
 *                └── stop, end of file ──▶ 0
 *                └── the channel broke, a frame that is not one ──▶ -1
 *
 * No queue of its own: the next `run` frame stays in the channel until this one is over. It must never leave a task
 * without a verdict while the channel works.
 */
#include "client/bide_serve.h"

#include "base/json_write.h"
#include "client/bide_error.h"
#include "client/bide_task.h"

#include <stdlib.h>

int bide_serve_ready(const struct bide_worker *w, struct bide_channel *c)
{
    struct buf *f = bide_channel_frame(c, "ready");
    json_write_member_int(f, "proto", BIDE_PROTO);
    json_write_member_int(f, "max_batch", w->max_batch > 0 ? w->max_batch : 1);
    json_write_member_int(f, "concurrency", w->concurrency > 0 ? w->concurrency : 1);
    if (w->ping) json_write_member_bool(f, "ping", true);
    return bide_channel_send(c);
}

int bide_serve_task(const struct bide_worker *w, struct bide_task *t)
{
    int ret = bide_task_cancelled(t) ? 0 : w->run(w->user, t);
    return bide_task_settle(t, ret);
}

static int run_each(const struct bide_worker *w, struct bide_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        if (!b->tasks[i]->ended && bide_serve_task(w, b->tasks[i])) return -1;
    return 0;
}

static int run_together(const struct bide_worker *w, struct bide_batch *b)
{
    struct bide_task **open = calloc(b->n ? b->n : 1, sizeof(struct bide_task *));
    if (!open) return bide_error_nomem(&b->channel->error);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!b->tasks[i]->ended) open[n++] = b->tasks[i];
    int ret = n ? w->run_batch(w->user, open, n) : 0;
    free((void *)open);
    for (size_t i = 0; i < b->n; i++)
        if (bide_task_settle(b->tasks[i], ret)) return -1;
    return 0;
}

static int loop(const struct bide_worker *w, struct bide_batch *b)
{
    int got;
    while ((got = bide_batch_listen(b, -1)) > 0) {
        int failed = bide_batch_open(b);
        bide_channel_drop(b->channel); /* the tasks have their own copies; what comes behind may be about them */
        if (!failed) failed = w->run_batch ? run_together(w, b) : run_each(w, b);
        bide_batch_clear(b);
        if (failed) return -1;
    }
    return got;
}

int bide_serve(const struct bide_worker *w, struct bide_channel *c)
{
    struct bide_batch batch;
    if (bide_serve_ready(w, c)) return -1;
    bide_batch_init(&batch, c);
    int rc = loop(w, &batch);
    bide_batch_release(&batch);
    return rc;
}
