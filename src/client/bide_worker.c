/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker's loop:
 *
 *     load ──▶ ready ──▶ wait ──run──▶ run each (or run_batch) ──verdicts──▶ wait
 *                          └── stop, end of file ──▶ unload, 0
 *                          └── the channel broke, a frame that is not one ──▶ unload, -1
 *
 * The same whether bide started the program or it pulls (bide_pull.h). One thread, no queue of its own: the next `run` frame stays in the channel until this one is over. It must never
 * leave a task without a verdict while the channel works.
 */
#include "base/json_write.h"
#include "client/bide_error.h"
#include "client/bide_pull.h"
#include "client/bide_task.h"

#include <stdlib.h>

static int send_ready(struct bide_channel *c, const struct bide_worker *w)
{
    struct buf *f = bide_channel_frame(c, "ready");
    json_write_member_int(f, "proto", BIDE_PROTO);
    json_write_member_int(f, "max_batch", w->max_batch > 0 ? w->max_batch : 1);
    json_write_member_int(f, "concurrency", 1);
    if (w->ping) json_write_member_bool(f, "ping", true);
    return bide_channel_send(c);
}

static int run_each(const struct bide_worker *w, struct bide_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct bide_task *t = &b->tasks[i];
        if (t->ended) continue;
        int ret = bide_task_cancelled(t) ? 0 : w->run(w->user, t);
        if (bide_task_settle(t, ret)) return -1;
    }
    return 0;
}

static int run_together(const struct bide_worker *w, struct bide_batch *b)
{
    struct bide_task **open = calloc(b->n ? b->n : 1, sizeof(struct bide_task *));
    if (!open) return bide_error_nomem(&b->channel->error);
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (!b->tasks[i].ended) open[n++] = &b->tasks[i];
    int ret = n ? w->run_batch(w->user, open, n) : 0;
    free((void *)open);
    for (size_t i = 0; i < b->n; i++)
        if (bide_task_settle(&b->tasks[i], ret)) return -1;
    return 0;
}

/* 0 told to stop, -1 channel->error */
static int serve(const struct bide_worker *w, struct bide_channel *c, struct bide_batch *b)
{
    if (send_ready(c, w)) return -1;
    int got;
    while ((got = bide_batch_listen(b, -1)) > 0) {
        int failed = bide_batch_open(b);
        bide_channel_drop(c); /* the tasks have their own copies; what comes behind may be about them */
        if (!failed) failed = w->run_batch ? run_together(w, b) : run_each(w, b);
        bide_batch_clear(b);
        if (failed) return -1;
    }
    return got;
}

static int load(const struct bide_worker *w, struct bide_error *error)
{
    if (!w->run && !w->run_batch) return bide_error_set(error, "invalid", "a worker needs run or run_batch");
    if (!w->load) return 0;
    struct bide_error why = {0};
    int ret = w->load(w->user, &why);
    if (ret == 0) return 0;
    return bide_error_set(error, why.code[0] ? why.code : "load_failed", "%s",
                          why.text[0] ? why.text : "the worker could not load");
}

int bide_worker_run(const struct bide_worker *w)
{
    struct bide_channel channel;
    struct bide_batch batch;
    struct bide_pull *pull = NULL;
    const char *server = w->pull ? w->pull : getenv("BIDE_PULL");
    int failed;
    if (server && *server) {
        failed = bide_pull_open(&pull, w, server, w->error);
        if (failed) return -1;
        bide_pull_channel(pull, &channel, w->max_batch);
    } else {
        failed = bide_channel_open(&channel, w->max_batch);
    }
    bide_batch_init(&batch, &channel);
    if (!failed) failed = load(w, &channel.error);
    if (!failed) {
        failed = serve(w, &channel, &batch);
        if (w->unload) w->unload(w->user);
    }
    if (failed && w->error) *w->error = channel.error;
    bide_batch_release(&batch);
    bide_channel_release(&channel);
    if (pull && bide_pull_close(pull, failed ? NULL : w->error)) failed = -1;
    return failed ? -1 : 0;
}
